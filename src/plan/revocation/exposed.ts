import { credentialParts, type CredentialPath } from '../../model/names.ts';
import type { ObservedKeyset } from '../../model/observed.ts';
import type { Finding } from '../../model/plan.ts';
import type { PastCertificate } from '../../model/observed.ts';

/**
 * Leaves of a cluster, declared or not, and of those that its authorities signed for others, with certificates that are still good and whose keys somebody could open who must never have
 * had them: a new key does not end an old certificate. Where their authority itself is exposed, its rotation ends them all.
 *
 * @param past those that their authority signed.
 */
export function exposedCertificates(
  cluster: string,
  past: readonly PastCertificate[],
  {
    keyset,
    isExposed,
    now,
  }: {
    readonly keyset: (path: CredentialPath) => ObservedKeyset | undefined;
    /** Of an entry of a keyset. */
    readonly isExposed: (issuer: PastCertificate['issuer']) => boolean;
    readonly now: Date;
  },
): Finding[] {
  const good = past.filter(({ path, issuer, certificate: { serialNumber, notAfter } }) => {
    // the unit of the authority knows of leaves of clusters that use it no more
    const clusters = [path, issuer.keyset].map((one) => credentialParts(one).cluster);
    if (!clusters.includes(cluster) || notAfter < now) return false;
    const { entries = [], revocations } = keyset(issuer.keyset) ?? {};
    const isTrusted = entries.some(({ id }) => id === issuer.id) && !isExposed(issuer);
    const revoked = new Set(revocations?.entries.map((entry) => entry.serialNumber));
    return isTrusted && !revoked.has(serialNumber);
  });
  return [...new Set(good.map(({ path }) => path))].sort().map((credential) => {
    const own = good.filter(({ path }) => path === credential);
    const readers = [...new Set(own.flatMap((one) => one.readers))].sort();
    const serials = own.map(
      ({ certificate: { serialNumber, notAfter } }) =>
        `${serialNumber} (until ${notAfter.toISOString()})`,
    );
    const owner = credentialParts(credential).cluster;
    return {
      code: 'RevocationNeeded',
      cluster: owner,
      credential,
      message: `the compromised recipient ${readers.join(', ')} could open the key of serial number ${serials.join(', ')}: cdk8s-pki revoke ${owner} ${credential} --reason keyCompromise`,
    };
  });
}
