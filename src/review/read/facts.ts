import type { ObservedLeaf } from '../../model/observed.ts';
import type { CertificateInfo } from '../../model/x509.ts';
import { subjectText } from '../../plan/checks.ts';
import type { CertificateFacts } from '../report.ts';

/** Extended key usages by their names in RFC 5280 §4.2.1.12. */
const USAGES: ReadonlyMap<string, string> = new Map([
  ['2.5.29.37.0', 'anyExtendedKeyUsage'],
  ['1.3.6.1.5.5.7.3.1', 'serverAuth'],
  ['1.3.6.1.5.5.7.3.2', 'clientAuth'],
  ['1.3.6.1.5.5.7.3.3', 'codeSigning'],
  ['1.3.6.1.5.5.7.3.9', 'OCSPSigning'],
]);

export function sansOf({
  dnsNames,
  ipAddresses,
  uris,
}: Pick<CertificateInfo, 'dnsNames' | 'ipAddresses' | 'uris'>): string[] {
  return [
    ...dnsNames.map((name) => `DNS:${name}`),
    ...ipAddresses.map((address) => `IP:${address}`),
    ...uris.map((uri) => `URI:${uri}`),
  ].sort();
}

export function usageNames(oids: readonly string[]): string[] {
  return oids.map((oid) => USAGES.get(oid) ?? oid).sort();
}

export function certificateFacts({
  certificate,
  issuer,
  recipients,
}: ObservedLeaf): CertificateFacts {
  return {
    serialNumber: certificate.serialNumber,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    subject: subjectText(certificate.subject),
    issuer: `${issuer.keyset}/${issuer.id}`,
    sans: sansOf(certificate),
    usages: usageNames(certificate.extendedKeyUsages),
    isCa: certificate.isCa,
    keyAlgorithm: certificate.keyAlgorithm,
    spki: certificate.spki,
    organizations: certificate.subject.organizations ?? [],
    commonName: certificate.subject.commonName ?? null,
    recipients,
  };
}
