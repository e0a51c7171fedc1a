import type { CertificateInfo } from '../../model/x509.ts';
import { derContents, derElements } from './der.ts';
import { decodeCertificates, formatPem } from './pem.ts';

const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const INTEGER = 0x02;

/** 2.5.29.19 */
const BASIC_CONSTRAINTS = '551d13';

/** The octets of a certificate's fields, as its issuer wrote them (RFC 5280 §4.1). */
export interface TbsCertificate {
  readonly subject: Buffer;
  readonly subjectPublicKeyInfo: Buffer;
  /** Contents of `extnValue` by the contents of `extnID`, in hexadecimal. */
  readonly extensions: ReadonlyMap<string, Buffer>;
}

/** The fields of a certificate that OpenSSL has parsed. */
export function readTbsCertificate(certificate: Buffer): TbsCertificate {
  const fields = derContents(derContents(certificate)[0]?.der ?? certificate);
  // version is absent in X.509 v1; then all others stand one place earlier
  const start = fields[0]?.tag === VERSION ? 1 : 0;
  const field = (index: number): Buffer => fields[start + index]?.der ?? Buffer.alloc(0);
  const extensions = fields.find(({ tag }) => tag === EXTENSIONS);
  return {
    subject: field(4),
    subjectPublicKeyInfo: field(5),
    extensions: new Map(extensions && derContents(extensions.contents).map(readExtension)),
  };
}

/** The public key in a certificate, PEM (PKIX). Its octets are there already: OpenSSL would parse the certificate again. */
export function publicKeyPem({ pem }: Pick<CertificateInfo, 'pem'>): string {
  const [der = Buffer.alloc(0)] = decodeCertificates(pem);
  return formatPem('PUBLIC KEY', readTbsCertificate(der).subjectPublicKeyInfo);
}

/** How many authorities may stand below a CA (RFC 5280 §4.2.1.9); null for no limit. */
export function pathLengthOf({ pem }: Pick<CertificateInfo, 'pem'>): number | null {
  const [der = Buffer.alloc(0)] = decodeCertificates(pem);
  const constraints = readTbsCertificate(der).extensions.get(BASIC_CONSTRAINTS);
  const limit = constraints && derContents(constraints).find(({ tag }) => tag === INTEGER);
  return limit === undefined ? null : Number(`0x${limit.contents.toString('hex') || '0'}`);
}

function readExtension({ contents }: { readonly contents: Buffer }): [string, Buffer] {
  const parts = derElements(contents);
  return [parts[0]?.contents.toString('hex') ?? '', parts.at(-1)?.contents ?? Buffer.alloc(0)];
}
