import type { CertificateInfo } from '../../model/x509.ts';
import { PkiError } from '../../errors.ts';
import { readAlternativeNames } from './alternative-names.ts';
import { hashOfKey, readExtensions, readFields, rememberFields } from './fields.ts';
import { algorithmOfInfo } from './key.ts';
import { formatName, readName, subjectOf } from './name.ts';
import { decodeCertificates, formatPem } from './pem.ts';
import { isCertificateAuthority, keyIdentifiers, readExtendedKeyUsages } from './usages.ts';
import { serialAndTimes } from './validity.ts';

/** Contents of the OID, in hexadecimal. */
const SUBJECT_ALTERNATIVE_NAME = '551d11';

/**
 * Reads one certificate. The key in it is named, not loaded, and the signature is not looked at (`isIssuedBy` does).
 *
 * @param pem - Text with exactly one PEM certificate; other text around it is skipped.
 * @throws PkiError ERR_CERTIFICATE where it is missing, truncated, or not a certificate (RFC 5280 §4.1)
 */
export function readCertificate(pem: string): CertificateInfo {
  const [der, ...more] = decodeCertificates(pem);
  if (der === undefined || more.length > 0) {
    throw new PkiError('ERR_CERTIFICATE', `${more.length + 1} certificates where one is expected`);
  }
  const fields = readFields(der);
  const extensions = readExtensions(fields);
  keyIdentifiers(extensions); // `isIssuedBy` must not fail on them
  const certificate: CertificateInfo = {
    pem: formatPem('CERTIFICATE', der),
    subject: subjectOf(readName(fields.subject)),
    issuer: formatName(readName(fields.issuer)),
    ...serialAndTimes(fields),
    isCa: isCertificateAuthority(extensions),
    extendedKeyUsages: readExtendedKeyUsages(extensions),
    keyAlgorithm: algorithmOfInfo(fields.subjectPublicKeyInfo),
    spki: hashOfKey(fields.subjectPublicKeyInfo),
    ...readAlternativeNames(extensions.get(SUBJECT_ALTERNATIVE_NAME)),
  };
  rememberFields(certificate, fields);
  return certificate;
}
