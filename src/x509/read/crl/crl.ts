import { PkiError } from '../../../errors.ts';
import {
  REVOCATION_REASONS,
  type CertificateInfo,
  type CrlSpec,
  type RevocationReason,
  type RevokedCertificate,
} from '../../../model/x509.ts';
import { contentsOf, derElements, SEQUENCE, type DerElement } from '../der.ts';
import { fieldsOf, readExtensionList, readExtensions, type Extensions } from '../fields.ts';
import { isSignedBy } from '../issued.ts';
import { decodeBlocks } from '../pem.ts';
import { keyIdentifiers, maySignCrls } from '../usages.ts';
import { readTime, serialText } from '../validity.ts';

/** A CRL that was read. The signature was not looked at: `isCrlOf` does. */
export interface Crl extends CrlSpec {
  readonly der: Buffer;
  /** The issuer's Name. */
  readonly issuer: Buffer;
  readonly keyIdentifier: Buffer;
  readonly toBeSigned: Buffer;
  readonly signatureAlgorithm: Buffer;
  readonly signature: Buffer;
}

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const ENUMERATED = 0x0a;
const CRL_EXTENSIONS = 0xa0;

/** Contents of the OIDs, in hexadecimal (RFC 5280 §5.2, §5.3). */
const AUTHORITY_KEY_IDENTIFIER = '551d23';
const CRL_NUMBER = '551d14';
const REASON_CODE = '551d15';

/** CRL numbers of ours count from one. */
const LONGEST_NUMBER = 6;

/**
 * Reads a CRL as `buildCrl` writes it: version 2, with number, nextUpdate and authority key identifier, and no extension beyond these
 * and reasons. A foreign one may say less or more, and is refused: what is not understood could change what the list means.
 *
 * @param pem - Text with exactly one block "X509 CRL".
 * @throws PkiError ERR_CRL
 */
export function readCrl(pem: string): Crl {
  try {
    const [octets, ...more] = decodeBlocks(pem, 'X509 CRL');
    if (octets === undefined || more.length > 0) throw malformed();
    return parseCrl(octets);
  } catch (error) {
    // the readers beneath are those of certificates, and say so
    if (error instanceof PkiError && error.code === 'ERR_CERTIFICATE') throw malformed();
    throw error;
  }
}

/**
 * Whether `issuer` is a CA that signed the CRL: the names are equal octet by octet, so are the key identifiers, it may sign CRLs
 * (RFC 5280 §6.3.3), and the signature is good. Dates are not looked at.
 */
export function isCrlOf(crl: Crl, issuer: Pick<CertificateInfo, 'pem' | 'isCa'>): boolean {
  const authority = fieldsOf(issuer);
  const identifier = keyIdentifiers(readExtensions(authority)).subject;
  return (
    maySignCrls(issuer) &&
    crl.issuer.equals(authority.subject) &&
    (identifier === undefined || identifier.equals(crl.keyIdentifier)) &&
    isSignedBy(crl, issuer) === true
  );
}

function parseCrl(octets: Buffer): Crl {
  const [list, ...trailing] = derElements(octets);
  const [toBeSigned, algorithm, signature, ...more] = contentsOf(list, SEQUENCE);
  const [version, inner, issuer, thisUpdate, nextUpdate, ...rest] = contentsOf(
    toBeSigned,
    SEQUENCE,
  );
  const entries = rest[0]?.tag === SEQUENCE ? rest.shift() : undefined;
  const [extensions, ...unknown] = rest;
  const isSound =
    trailing.length + more.length + unknown.length === 0 &&
    version?.der.toString('hex') === '020101' &&
    algorithm !== undefined &&
    inner?.der.equals(algorithm.der) === true &&
    issuer?.tag === SEQUENCE &&
    signature?.tag === BIT_STRING &&
    signature.contents[0] === 0; // unused bits
  if (!isSound || toBeSigned === undefined) throw malformed();
  return {
    der: octets,
    issuer: issuer.der,
    thisUpdate: readTime(thisUpdate),
    nextUpdate: readTime(nextUpdate),
    revoked: entries === undefined ? [] : readEntries(entries),
    ...readListExtensions(extensions),
    toBeSigned: toBeSigned.der,
    signatureAlgorithm: algorithm.der,
    signature: signature.contents.subarray(1),
  };
}

function readListExtensions(
  element: DerElement | undefined,
): Pick<Crl, 'number' | 'keyIdentifier'> {
  const [list, ...more] = contentsOf(element, CRL_EXTENSIONS);
  const extensions = onlyKnown(readExtensionList(list), [AUTHORITY_KEY_IDENTIFIER, CRL_NUMBER]);
  const keyIdentifier = keyIdentifiers(extensions).authority;
  const number = readNumber(extensions.get(CRL_NUMBER));
  if (keyIdentifier === undefined || more.length > 0) throw malformed();
  return { number, keyIdentifier };
}

function readNumber(extension: Buffer | undefined): number {
  const [element, ...more] = derElements(extension ?? Buffer.alloc(0));
  const length = element?.contents.length ?? 0;
  const isSound = element?.tag === INTEGER && length > 0 && length <= LONGEST_NUMBER;
  const number = isSound && more.length === 0 ? element.contents.readIntBE(0, length) : 0;
  if (number < 1) throw malformed();
  return number;
}

function readEntries(list: DerElement): readonly RevokedCertificate[] {
  const entries = contentsOf(list, SEQUENCE).map(readEntry);
  const serials = new Set(entries.map(({ serialNumber }) => serialNumber));
  if (entries.length === 0 || serials.size < entries.length) throw malformed();
  return entries;
}

function readEntry(entry: DerElement): RevokedCertificate {
  const [serial, revokedAt, extensions, ...more] = contentsOf(entry, SEQUENCE);
  const isPositive = serial?.tag === INTEGER && (serial.contents[0] ?? 0x80) < 0x80;
  if (!isPositive || more.length > 0) throw malformed();
  return {
    serialNumber: serialText(serial.contents),
    revokedAt: readTime(revokedAt),
    reason: extensions === undefined ? 'unspecified' : readReason(extensions),
  };
}

function readReason(element: DerElement): RevocationReason {
  const extensions = onlyKnown(readExtensionList(element), [REASON_CODE]);
  const [code, ...more] = derElements(extensions.get(REASON_CODE) ?? Buffer.alloc(0));
  const isSound = code?.tag === ENUMERATED && code.contents.length === 1 && more.length === 0;
  const found = Object.entries(REVOCATION_REASONS).find(
    ([, number]) => isSound && number === code.contents[0],
  );
  if (found === undefined) throw malformed();
  return found[0] as RevocationReason;
}

function onlyKnown(extensions: Extensions, known: readonly string[]): Extensions {
  if ([...extensions.keys()].some((id) => !known.includes(id))) throw malformed();
  return extensions;
}

function malformed(): PkiError {
  return new PkiError('ERR_CRL', 'CRL is not one that this program writes (RFC 5280 §5)');
}
