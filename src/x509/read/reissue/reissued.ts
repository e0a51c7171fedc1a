import type { CertificateInfo } from '../../../model/x509.ts';
import { extensionElements, fieldsOf, readExtensions, type CertificateFields } from '../fields.ts';
import { derElements } from '../der.ts';

/** By their OIDs, in hexadecimal: what signing again may bring in or makes anew (RFC 5280 §4.2.1). */
const SUBJECT_KEY_IDENTIFIER = '551d0e';
const KEY_USAGE = '551d0f';
const BASIC_CONSTRAINTS = '551d13';
const AUTHORITY_KEY_IDENTIFIER = '551d23';
const OWN_RULES = [
  SUBJECT_KEY_IDENTIFIER,
  KEY_USAGE,
  BASIC_CONSTRAINTS,
  AUTHORITY_KEY_IDENTIFIER,
] as const;

/** keyCertSign and cRLSign, which every CA is to have. */
const OF_EVERY_CA = 0x06;

/**
 * Whether a CA's certificate is another one signed again: the same key and name, the same key identifier, and extensions that allow
 * and forbid the same, but for what RFC 5280 asks of every CA. Dates are not looked at, nor who signed it.
 *
 * @throws PkiError ERR_CERTIFICATE
 */
export function isReissueOf(
  after: Pick<CertificateInfo, 'pem'>,
  before: Pick<CertificateInfo, 'pem'>,
): boolean {
  const [is, was] = [fieldsOf(after), fieldsOf(before)];
  const [now, then] = [readExtensions(is), readExtensions(was)];
  const identifier = then.get(SUBJECT_KEY_IDENTIFIER);
  return (
    is.subject.equals(was.subject) &&
    is.subjectPublicKeyInfo.equals(was.subjectPublicKeyInfo) &&
    (identifier === undefined || isSame(now.get(SUBJECT_KEY_IDENTIFIER), identifier)) &&
    isSame(now.get(BASIC_CONSTRAINTS), then.get(BASIC_CONSTRAINTS)) &&
    (usages(now.get(KEY_USAGE)) & ~(usages(then.get(KEY_USAGE)) | OF_EVERY_CA)) === 0 &&
    isSame(others(is), others(was))
  );
}

function isSame(is: Buffer | undefined, was: Buffer | undefined): boolean {
  return is === undefined || was === undefined ? is === was : is.equals(was);
}

function usages(extension: Buffer | undefined): number {
  return extension === undefined ? 0 : (derElements(extension)[0]?.contents[1] ?? 0);
}

/** All other extensions, with their critical bits. */
function others(fields: CertificateFields): Buffer {
  const own = new Set<string>(OWN_RULES);
  const rest = [...extensionElements(fields)].filter(([id]) => !own.has(id));
  return Buffer.concat(rest.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, { der }]) => der));
}
