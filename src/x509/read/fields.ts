import { hash } from 'node:crypto';
import type { CertificateInfo } from '../../model/x509.ts';
import { PkiError } from '../../errors.ts';
import { contentsOf, derElements, SEQUENCE, type DerElement } from './der.ts';
import { decodeCertificates, formatPem } from './pem.ts';

const BIT_STRING = 0x03;
const INTEGER = 0x02;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const OBJECT_IDENTIFIER = 0x06;
const OCTET_STRING = 0x04;

/** The octets of a certificate's fields, as its issuer wrote them (RFC 5280 §4.1): whole elements where nothing else is said. */
export interface CertificateFields {
  /** Contents. */
  readonly serialNumber: Buffer;
  readonly issuer: Buffer;
  readonly validity: Buffer;
  readonly subject: Buffer;
  readonly subjectPublicKeyInfo: Buffer;
  /** All of the `[3]` element; undefined where there is none. */
  readonly extensions: Buffer | undefined;
  readonly toBeSigned: Buffer;
  readonly signatureAlgorithm: Buffer;
  readonly signature: Buffer;
}

/** Contents of `extnValue` by the contents of `extnID`, in hexadecimal. */
export type Extensions = ReadonlyMap<string, Buffer>;

/**
 * Takes a certificate apart. OpenSSL, which loads the key of each, takes twenty times as long, and a fleet has tens of thousands.
 *
 * @throws PkiError ERR_CERTIFICATE where `der` does not have the form of RFC 5280 §4.1
 */
export function readFields(der: Buffer): CertificateFields {
  const [certificate, ...trailing] = derElements(der);
  if (trailing.length > 0) {
    // OpenSSL ignores what follows the certificate, Go refuses it
    throw new PkiError('ERR_CERTIFICATE', 'certificate has trailing data');
  }
  const [tbs, algorithm, signature, ...more] = contentsOf(certificate, SEQUENCE);
  const fields = contentsOf(tbs, SEQUENCE);
  const start = fields[0]?.tag === VERSION ? 1 : 0; // absent in X.509 v1
  const [serial, inner, issuer, validity, subject, key, ...rest] = fields.slice(start);
  const isSound =
    serial?.tag === INTEGER &&
    [inner, issuer, validity, subject, key].every((field) => field?.tag === SEQUENCE) &&
    signature?.tag === BIT_STRING &&
    signature.contents[0] === 0 && // unused bits
    algorithm !== undefined &&
    inner?.der.equals(algorithm.der) &&
    more.length === 0;
  if (!isSound) throw malformed();
  return {
    serialNumber: serial.contents,
    issuer: octets(issuer),
    validity: octets(validity),
    subject: octets(subject),
    subjectPublicKeyInfo: octets(key),
    extensions: rest.find(({ tag }) => tag === EXTENSIONS)?.der,
    toBeSigned: octets(tbs),
    signatureAlgorithm: algorithm.der,
    signature: signature.contents.subarray(1),
  };
}

/** @throws PkiError ERR_CERTIFICATE on a list that is not one, or has one extension twice (RFC 5280 §4.2) */
export function readExtensions({ extensions }: Pick<CertificateFields, 'extensions'>): Extensions {
  if (extensions === undefined) return new Map();
  const [list, ...more] = contentsOf(derElements(extensions)[0], EXTENSIONS);
  if (more.length > 0) throw malformed();
  return readExtensionList(list);
}

/** Whole Extensions of a certificate that has sound ones, by the contents of `extnID`, in hexadecimal. */
export function extensionElements({
  extensions,
}: Pick<CertificateFields, 'extensions'>): ReadonlyMap<string, DerElement> {
  if (extensions === undefined) return new Map();
  const [list] = contentsOf(derElements(extensions)[0], EXTENSIONS);
  return new Map(
    contentsOf(list, SEQUENCE).map((element) => {
      const [type] = contentsOf(element, SEQUENCE);
      return [type?.contents.toString('hex') ?? '', element];
    }),
  );
}

/** Extensions (RFC 5280 §4.1), wherever they stand. @throws PkiError ERR_CERTIFICATE */
export function readExtensionList(list: DerElement | undefined): Extensions {
  const found = new Map<string, Buffer>();
  for (const extension of contentsOf(list, SEQUENCE)) {
    const [type, value, ...flagged] = contentsOf(extension, SEQUENCE);
    const octetString = flagged.at(-1) ?? value;
    const id = type?.contents.toString('hex') ?? '';
    const isSound = type?.tag === OBJECT_IDENTIFIER && octetString?.tag === OCTET_STRING;
    if (!isSound || found.has(id)) throw malformed();
    found.set(id, octetString.contents);
  }
  return found;
}

/** What was read once, by the object that it was read for. */
const known = new WeakMap<object, CertificateFields>();

/** The fields of a certificate that was read. */
export function fieldsOf(certificate: Pick<CertificateInfo, 'pem'>): CertificateFields {
  const fields =
    known.get(certificate) ?? readFields(decodeCertificates(certificate.pem)[0] ?? Buffer.alloc(0));
  rememberFields(certificate, fields);
  return fields;
}

export function rememberFields(certificate: object, fields: CertificateFields): void {
  known.set(certificate, fields);
}

/** The public key in a certificate, PEM (PKIX). */
export function publicKeyPem(certificate: Pick<CertificateInfo, 'pem'>): string {
  return formatPem('PUBLIC KEY', fieldsOf(certificate).subjectPublicKeyInfo);
}

/** SHA-256 over a SubjectPublicKeyInfo, lower-case hexadecimal. */
export function hashOfKey(subjectPublicKeyInfo: Buffer): string {
  return hash('sha256', subjectPublicKeyInfo);
}

function octets(element: DerElement | undefined): Buffer {
  return element?.der ?? Buffer.alloc(0);
}

function malformed(): PkiError {
  return new PkiError('ERR_CERTIFICATE', 'certificate is not X.509');
}
