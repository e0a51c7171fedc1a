import type { CertificateInfo } from '../../model/x509.ts';
import { PkiError } from '../../errors.ts';
import { contentsOf, derElements, SEQUENCE } from '../../x509/read/der.ts';
import { fieldsOf, readExtensions, type CertificateFields } from '../../x509/read/fields.ts';
import { keyIdentifiers } from '../../x509/read/usages.ts';

/** Contents of the OIDs, in hexadecimal (RFC 5280 §4.2.1). */
const KEY_USAGE = '551d0f';
const SUBJECT_ALTERNATIVE_NAME = '551d11';
const BASIC_CONSTRAINTS = '551d13';

/** Bits of KeyUsage (RFC 5280 §4.2.1.3), in its first octet. */
const DIGITAL_SIGNATURE = 0x80;
const KEY_ENCIPHERMENT = 0x20;
const KEY_CERT_SIGN = 0x04;
const CRL_SIGN = 0x02;

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const GENERALIZED_TIME = 0x18;
const BOOLEAN = 0x01;

/** Contents of the OIDs, in hexadecimal, of signatures over MD5 and SHA-1. */
const WEAK_SIGNATURES = [
  '2a864886f70d010104',
  '2a864886f70d010105',
  '2a8648ce3d0401',
  '2b0e03021d',
];

const LONGEST_SERIAL = 20;
const LONGEST_COMMON_NAME = 64;

/**
 * What a certificate has against RFC 5280 and what the programs of Kubernetes enforce of it. Pure.
 *
 * @param issuer the certificate that signed it, itself for a root; undefined where that is not known.
 */
export function lintCertificate(
  certificate: CertificateInfo,
  issuer: CertificateInfo | undefined,
): string[] {
  try {
    const fields = fieldsOf(certificate);
    return [
      ...serialProblems(fields),
      ...dateProblems(certificate, issuer, fields),
      ...nameProblems(certificate, fields),
      ...keyProblems(certificate, fields),
      ...identifierProblems(certificate, issuer, fields),
      ...(certificate.isCa ? authorityProblems(fields) : leafProblems(certificate, fields)),
    ];
  } catch (error) {
    if (error instanceof PkiError) return [error.message];
    throw error;
  }
}

function when(...rows: readonly (readonly [isWrong: boolean, message: string])[]): string[] {
  return rows.filter(([isWrong]) => isWrong).map(([, message]) => message);
}

function serialProblems({ serialNumber }: CertificateFields): string[] {
  const isZero = serialNumber.every((octet) => octet === 0);
  return when(
    [isZero, 'its serial number is zero'],
    [((serialNumber[0] ?? 0) & 0x80) !== 0, 'its serial number is negative'],
    [
      serialNumber.length > LONGEST_SERIAL,
      `its serial number has ${serialNumber.length} octets, 20 are allowed`,
    ],
  );
}

function dateProblems(
  { notBefore, notAfter }: CertificateInfo,
  issuer: CertificateInfo | undefined,
  { validity }: CertificateFields,
): string[] {
  const forms = contentsOf(derElements(validity)[0], SEQUENCE);
  const isEarlyGeneralized = [notBefore, notAfter].some(
    (date, index) => forms[index]?.tag === GENERALIZED_TIME && date.getUTCFullYear() < 2050,
  );
  return when(
    [notAfter <= notBefore, 'it ends before it begins'],
    [isEarlyGeneralized, 'a date before 2050 is not written as UTCTime'],
    [issuer !== undefined && notAfter > issuer.notAfter, 'it outlives its issuer'],
    [issuer !== undefined && notBefore < issuer.notBefore, 'it begins before its issuer'],
  );
}

function nameProblems(
  { subject, dnsNames, ipAddresses }: CertificateInfo,
  fields: CertificateFields,
): string[] {
  const isEmpty = fields.subject.length <= 2;
  const isCritical = criticalExtensions(fields).has(SUBJECT_ALTERNATIVE_NAME);
  const hasNames = readExtensions(fields).has(SUBJECT_ALTERNATIVE_NAME);
  const bad = dnsNames.filter((name) => name.endsWith('.') || name.lastIndexOf('*') > 0);
  const mapped = ipAddresses.filter((address) => address.startsWith('::ffff:'));
  return when(
    [
      (subject.commonName ?? '').length > LONGEST_COMMON_NAME,
      `its common name is longer than ${LONGEST_COMMON_NAME} characters`,
    ],
    [bad.length > 0, `"${bad[0] ?? ''}" is not a DNS name that a certificate may have`],
    [mapped.length > 0, `${mapped[0] ?? ''} is an IPv4 address written as IPv6, which Go refuses`],
    [
      hasNames && isCritical !== isEmpty,
      'its subject alternative names are critical exactly where the subject is not empty',
    ],
  );
}

function keyProblems(
  { keyAlgorithm }: CertificateInfo,
  { signatureAlgorithm }: CertificateFields,
): string[] {
  const [algorithm] = contentsOf(derElements(signatureAlgorithm)[0], SEQUENCE);
  return when(
    [keyAlgorithm === null, 'its key is of a kind or length that Kubernetes PKI does not use'],
    [
      WEAK_SIGNATURES.includes(algorithm?.contents.toString('hex') ?? ''),
      'it is signed over SHA-1 or MD5',
    ],
  );
}

function identifierProblems(
  certificate: CertificateInfo,
  issuer: CertificateInfo | undefined,
  fields: CertificateFields,
): string[] {
  const { subject, authority } = keyIdentifiers(readExtensions(fields));
  const isRoot = issuer?.spki === certificate.spki;
  return when(
    [subject === undefined, 'it has no subject key identifier'],
    [authority === undefined && !isRoot, 'it has no authority key identifier'],
  );
}

function authorityProblems(fields: CertificateFields): string[] {
  const critical = criticalExtensions(fields);
  const usage = keyUsage(fields);
  return when(
    [!critical.has(BASIC_CONSTRAINTS), 'basicConstraints of a CA must be critical'],
    [usage === undefined, 'a CA without keyUsage'],
    [
      usage !== undefined && (usage & CRL_SIGN) === 0,
      'its keyUsage lacks cRLSign, so it can revoke nothing',
    ],
    [usage !== undefined && !critical.has(KEY_USAGE), 'its keyUsage is not critical'],
  );
}

function leafProblems(certificate: CertificateInfo, fields: CertificateFields): string[] {
  const usage = keyUsage(fields);
  const { extendedKeyUsages, dnsNames, ipAddresses, keyAlgorithm } = certificate;
  const isServer = extendedKeyUsages.includes(SERVER_AUTH);
  const isRsa = keyAlgorithm?.startsWith('RSA') ?? false;
  return when(
    [
      isServer && dnsNames.length + ipAddresses.length === 0,
      'a server without DNS name and address',
    ],
    [extendedKeyUsages.length === 0, 'no extendedKeyUsage: it may be used for anything'],
    [usage === undefined, 'it has no keyUsage'],
    [
      usage !== undefined && (usage & DIGITAL_SIGNATURE) === 0,
      'its keyUsage lacks digitalSignature',
    ],
    [((usage ?? 0) & KEY_CERT_SIGN) !== 0, 'its keyUsage has keyCertSign, and it is no CA'],
    [
      ((usage ?? 0) & KEY_ENCIPHERMENT) !== 0 && !isRsa,
      'its keyUsage has keyEncipherment, which its key cannot do',
    ],
  );
}

/** The first octet of KeyUsage; undefined where there is none. */
function keyUsage(fields: CertificateFields): number | undefined {
  const extension = readExtensions(fields).get(KEY_USAGE);
  return extension === undefined ? undefined : (derElements(extension)[0]?.contents[1] ?? 0);
}

function criticalExtensions({ extensions }: CertificateFields): ReadonlySet<string> {
  if (extensions === undefined) return new Set();
  const [list] = derElements(derElements(extensions)[0]?.contents ?? Buffer.alloc(0));
  const critical = contentsOf(list, SEQUENCE).flatMap((extension) => {
    const [type, flag] = contentsOf(extension, SEQUENCE);
    const isCritical = flag?.tag === BOOLEAN && flag.contents[0] !== 0;
    return isCritical && type !== undefined ? [type.contents.toString('hex')] : [];
  });
  return new Set(critical);
}
