import type { CertificateInfo } from '../../model/x509.ts';
import { x509Of } from './certificate.ts';

/**
 * Whether `issuer` is a CA that issued `certificate`: names chain, the authority key identifier matches where there
 * is one (RFC 5280 §6.1.3, §4.2.1.1) and the signature is good. Dates are not looked at.
 */
export function isIssuedBy(
  certificate: Pick<CertificateInfo, 'pem'>,
  issuer: Pick<CertificateInfo, 'pem' | 'isCa'>,
): boolean {
  if (!issuer.isCa) return false;
  const subject = x509Of(certificate);
  const authority = x509Of(issuer);
  return subject.checkIssued(authority) && subject.verify(authority.publicKey);
}
