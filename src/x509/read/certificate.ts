import { createHash, X509Certificate } from 'node:crypto';
import type { CertificateInfo } from '../../model/x509.ts';
import { PkiError } from '../../errors.ts';
import { readAlternativeNames } from './alternative-names.ts';
import { derContents, derElements, dottedOid } from './der.ts';
import { keyAlgorithmOf } from './key.ts';
import { formatName, readSubject } from './name.ts';
import { decodeCertificates, formatPem } from './pem.ts';
import { readTbsCertificate } from './tbs-certificate.ts';

/** OpenSSL's text of a time: `Jan  1 00:00:00 2050 GMT`; the `Date` properties came after Node 20. */
const TIME = /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.\d+)? (\d{4}) GMT$/u;
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/** Contents of the OID 2.5.29.37, in hexadecimal. */
const EXTENDED_KEY_USAGE = '551d25';

const SEQUENCE = 0x30;
const OID = 0x06;
/** Octets; real ones have about ten. */
const LONGEST_OID = 64;

/**
 * Reads one certificate with node:crypto.
 *
 * @param pem - Text with exactly one PEM certificate; other text around it is skipped.
 * @throws PkiError ERR_CERTIFICATE where it is missing, truncated, or not a certificate (RFC 5280 §4.1)
 */
export function readCertificate(pem: string): CertificateInfo {
  const [der, ...more] = decodeCertificates(pem);
  if (der === undefined || more.length > 0) {
    throw new PkiError('ERR_CERTIFICATE', `${more.length + 1} certificates where one is expected`);
  }
  const x509 = parseDer(der);
  const { subjectPublicKeyInfo, extensions } = readTbsCertificate(der);
  const certificate: CertificateInfo = {
    pem: formatPem('CERTIFICATE', der),
    subject: readSubject(x509.subject),
    issuer: formatName(x509.issuer),
    serialNumber: x509.serialNumber,
    notBefore: readTime(x509.validFrom),
    notAfter: readTime(x509.validTo),
    isCa: x509.ca,
    extendedKeyUsages: extendedKeyUsages(extensions.get(EXTENDED_KEY_USAGE)),
    // loading the key costs more than all the rest, and most readers do not ask for it
    get keyAlgorithm() {
      return keyAlgorithm(x509);
    },
    // of the octets in the certificate: exporting the key again costs as much as parsing the certificate
    spki: createHash('sha256').update(subjectPublicKeyInfo).digest('hex'),
    ...readAlternativeNames(x509.subjectAltName),
  };
  parsed.set(certificate, x509);
  return certificate;
}

/** OpenSSL takes longer to parse a certificate than to verify it: what was parsed once is used again. */
const parsed = new WeakMap<object, X509Certificate>();

/** The certificate as OpenSSL parsed it. */
export function x509Of(certificate: Pick<CertificateInfo, 'pem'>): X509Certificate {
  const known = parsed.get(certificate) ?? new X509Certificate(certificate.pem);
  parsed.set(certificate, known);
  return known;
}

function parseDer(der: Buffer): X509Certificate {
  let x509: X509Certificate;
  try {
    x509 = new X509Certificate(der);
  } catch (cause) {
    throw new PkiError('ERR_CERTIFICATE', 'PEM block "CERTIFICATE" holds no X.509 certificate', {
      cause,
    });
  }
  // OpenSSL ignores what follows the certificate, Go refuses it
  if (x509.raw.length !== der.length) {
    throw new PkiError('ERR_CERTIFICATE', 'PEM block "CERTIFICATE" has trailing data');
  }
  return x509;
}

function readTime(text: string): Date {
  const [, month = '', ...fields] = TIME.exec(text) ?? [];
  const [day = 0, hours, minutes, seconds, year = 0] = fields.map(Number);
  const time = new Date(Date.UTC(year, MONTHS.indexOf(month) / 3, day, hours, minutes, seconds));
  if (month === '' || Number.isNaN(time.getTime())) {
    throw new PkiError('ERR_CERTIFICATE', 'validity of a certificate cannot be read');
  }
  return time;
}

/**
 * KeyPurposeIds (RFC 5280 §4.2.1.12), in dotted form. Read here, because node 20 ends with a segmentation fault where one of them is
 * longer than 256 characters.
 */
function extendedKeyUsages(extension: Buffer | undefined): readonly string[] {
  if (extension === undefined) return [];
  const [list, ...more] = derElements(extension);
  const purposes = list?.tag === SEQUENCE && more.length === 0 ? derContents(list.der) : [];
  const isSound = purposes.every(
    ({ tag, contents: { length } }) => tag === OID && length > 0 && length <= LONGEST_OID,
  );
  if (purposes.length > 0 && isSound)
    return purposes.map(({ contents }) => dottedOid(contents.toString('hex')));
  throw new PkiError('ERR_CERTIFICATE', 'extended key usage of a certificate cannot be read');
}

/** Null also where OpenSSL does not know the key's algorithm at all. */
function keyAlgorithm(x509: X509Certificate): CertificateInfo['keyAlgorithm'] {
  try {
    return keyAlgorithmOf(x509.publicKey);
  } catch {
    return null;
  }
}
