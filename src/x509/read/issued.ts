import { verify, X509Certificate, type KeyObject } from 'node:crypto';
import type { CertificateInfo } from '../../model/x509.ts';
import { fieldsOf, publicKeyPem, readExtensions, type CertificateFields } from './fields.ts';
import { readPublicKey } from './key.ts';
import { keyIdentifiers } from './usages.ts';

/** What signs with a key: its kind, and the digest; Ed25519 brings its own (RFC 8032). */
interface Scheme {
  readonly key: string;
  readonly digest: string | null;
}

/** By the whole AlgorithmIdentifier, in hexadecimal (RFC 5758 §3.2, RFC 4055 §5, RFC 8410 §3). */
const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ['300a06082a8648ce3d040302', { key: 'ec', digest: 'sha256' }],
  ['300a06082a8648ce3d040303', { key: 'ec', digest: 'sha384' }],
  ['300a06082a8648ce3d040304', { key: 'ec', digest: 'sha512' }],
  ['300d06092a864886f70d01010b0500', { key: 'rsa', digest: 'sha256' }],
  ['300d06092a864886f70d01010c0500', { key: 'rsa', digest: 'sha384' }],
  ['300d06092a864886f70d01010d0500', { key: 'rsa', digest: 'sha512' }],
  ['300506032b6570', { key: 'ed25519', digest: null }],
]);

/**
 * Whether `issuer` is a CA that issued `certificate`: names chain, the authority key identifier matches where there
 * is one (RFC 5280 §6.1.3, §4.2.1.1) and the signature is good. Dates are not looked at. Names are compared octet by octet, as Go does.
 */
export function isIssuedBy(
  certificate: Pick<CertificateInfo, 'pem'>,
  issuer: Pick<CertificateInfo, 'pem' | 'isCa'>,
): boolean {
  if (!issuer.isCa) return false;
  const fields = fieldsOf(certificate);
  const authority = fieldsOf(issuer);
  return (
    fields.issuer.equals(authority.subject) &&
    hasIdentifierOf(fields, authority) &&
    (isSignedBy(fields, issuer) ?? new X509Certificate(certificate.pem).verify(issuerKey(issuer))) // RSA-PSS, for example
  );
}

function hasIdentifierOf(fields: CertificateFields, authority: CertificateFields): boolean {
  const named = keyIdentifiers(readExtensions(fields)).authority;
  const own = keyIdentifiers(readExtensions(authority)).subject;
  return named === undefined || own === undefined || own.equals(named);
}

/** What a certificate or a CRL is signed with. */
type Signed = Pick<CertificateFields, 'toBeSigned' | 'signatureAlgorithm' | 'signature'>;

/** Whether the key of `issuer` made the signature; undefined for an algorithm that this product does not sign with. */
export function isSignedBy(
  { signatureAlgorithm, toBeSigned, signature }: Signed,
  issuer: Pick<CertificateInfo, 'pem'>,
): boolean | undefined {
  const scheme = SCHEMES.get(signatureAlgorithm.toString('hex'));
  if (scheme === undefined) return undefined;
  const key = issuerKey(issuer);
  return scheme.key === key.asymmetricKeyType && verify(scheme.digest, toBeSigned, key, signature);
}

function issuerKey(issuer: Pick<CertificateInfo, 'pem'>): KeyObject {
  return readPublicKey(publicKeyPem(issuer));
}
