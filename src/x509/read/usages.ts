import type { CertificateInfo } from '../../model/x509.ts';
import { PkiError } from '../../errors.ts';
import { contentsOf, derElements, dottedOid, SEQUENCE, type DerElement } from './der.ts';
import { fieldsOf, readExtensions, type Extensions } from './fields.ts';

/** Contents of the OIDs, in hexadecimal (RFC 5280 §4.2.1). */
const SUBJECT_KEY_IDENTIFIER = '551d0e';
const KEY_USAGE = '551d0f';
const BASIC_CONSTRAINTS = '551d13';
const AUTHORITY_KEY_IDENTIFIER = '551d23';
const EXTENDED_KEY_USAGE = '551d25';

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OID = 0x06;
/** Octets; real ones have about ten. */
const LONGEST_OID = 64;
/** `keyIdentifier` of AuthorityKeyIdentifier. */
const KEY_IDENTIFIER = 0x80;
/** `authorityCertSerialNumber` of it. */
const SERIAL_NUMBER = 0x82;
/** The sixth bit of KeyUsage. */
const KEY_CERT_SIGN = 0x04;
/** The seventh. */
const CRL_SIGN = 0x02;

/**
 * Whether a certificate may sign others: basicConstraints says so, and keyUsage, where there is one, does not forbid it.
 * @throws PkiError ERR_CERTIFICATE where one of the two cannot be read
 */
export function isCertificateAuthority(extensions: Extensions): boolean {
  const usage = extensions.get(KEY_USAGE);
  const [flag] = basicConstraints(extensions);
  const isCa = flag?.tag === BOOLEAN && flag.contents.some((octet) => octet !== 0);
  return isCa && (usage === undefined || hasBit(usage, KEY_CERT_SIGN));
}

/**
 * Whether a CA may sign CRLs: keyUsage, where there is one, must say so (RFC 5280 §4.2.1.3). That of kubeadm's CAs does not.
 * @throws PkiError ERR_CERTIFICATE
 */
export function maySignCrls(certificate: Pick<CertificateInfo, 'pem' | 'isCa'>): boolean {
  const usage = readExtensions(fieldsOf(certificate)).get(KEY_USAGE);
  return certificate.isCa && (usage === undefined || hasBit(usage, CRL_SIGN));
}

/**
 * How many authorities may stand below a CA (RFC 5280 §4.2.1.9); null for no limit.
 * @throws PkiError ERR_CERTIFICATE
 */
export function pathLengthOf(certificate: Pick<CertificateInfo, 'pem'>): number | null {
  const extensions = readExtensions(fieldsOf(certificate));
  const limit = basicConstraints(extensions).find(({ tag }) => tag === INTEGER);
  return limit === undefined ? null : Number(`0x${limit.contents.toString('hex') || '0'}`);
}

function basicConstraints(extensions: Extensions): DerElement[] {
  const constraints = extensions.get(BASIC_CONSTRAINTS);
  return constraints === undefined
    ? []
    : contentsOf(only(constraints, 'basic constraints'), SEQUENCE);
}

function hasBit(usage: Buffer, bit: number): boolean {
  const { tag, contents } = only(usage, 'key usage');
  return tag === BIT_STRING && ((contents[1] ?? 0) & bit) !== 0;
}

/**
 * KeyPurposeIds (RFC 5280 §4.2.1.12), in dotted form.
 * @throws PkiError ERR_CERTIFICATE where they cannot be read
 */
export function readExtendedKeyUsages(extensions: Extensions): readonly string[] {
  const extension = extensions.get(EXTENDED_KEY_USAGE);
  if (extension === undefined) return [];
  const list = only(extension, 'extended key usage');
  const purposes = list.tag === SEQUENCE ? derElements(list.contents) : [];
  const isSound = purposes.every(
    ({ tag, contents: { length } }) => tag === OID && length > 0 && length <= LONGEST_OID,
  );
  if (purposes.length === 0 || !isSound) throw unreadable('extended key usage');
  return purposes.map(({ contents }) => dottedOid(contents));
}

/**
 * The key identifiers of a certificate and of its issuer (RFC 5280 §4.2.1.1, §4.2.1.2), each where there is one.
 * @throws PkiError ERR_CERTIFICATE where they cannot be read
 */
export function keyIdentifiers(extensions: Extensions): {
  readonly subject: Buffer | undefined;
  readonly authority: Buffer | undefined;
} {
  const subject = extensions.get(SUBJECT_KEY_IDENTIFIER);
  const authority = extensions.get(AUTHORITY_KEY_IDENTIFIER);
  const parts = authority && contentsOf(only(authority, 'authority key identifier'), SEQUENCE);
  return {
    subject: subject && only(subject, 'subject key identifier').contents,
    authority: parts?.find(({ tag }) => tag === KEY_IDENTIFIER)?.contents,
  };
}

/**
 * Whether AuthorityKeyIdentifier names the issuer's certificate by its serial number: it is good under no other one for the same key.
 * @throws PkiError ERR_CERTIFICATE
 */
export function namesIssuerCertificate(certificate: Pick<CertificateInfo, 'pem'>): boolean {
  const extension = readExtensions(fieldsOf(certificate)).get(AUTHORITY_KEY_IDENTIFIER);
  if (extension === undefined) return false;
  const parts = contentsOf(only(extension, 'authority key identifier'), SEQUENCE);
  return parts.some(({ tag }) => tag === SERIAL_NUMBER);
}

function only(extension: Buffer, name: string): DerElement {
  const [element, ...more] = derElements(extension);
  if (element === undefined || more.length > 0) throw unreadable(name);
  return element;
}

function unreadable(name: string): PkiError {
  return new PkiError('ERR_CERTIFICATE', `${name} of a certificate cannot be read`);
}
