import { REVOKED } from '../../catalog/revoked.ts';
import type { RevocationStatus } from '../../model/store/revocations.ts';

/** A status with RFC 3339 dates. */
export function revocationJson(status: RevocationStatus): unknown {
  return {
    ...status,
    notAfter: status.notAfter.toISOString(),
    remains: REVOKED[status.domain](status, [status]).remains,
  };
}

/** What each certificate can still do and what ends it, for people. */
export function revocationLines(statuses: readonly RevocationStatus[]): string[] {
  const seen = new Set<string>();
  return statuses.flatMap((status) => {
    const { credential, serialNumber, notAfter } = status;
    const { remains, steps } = REVOKED[status.domain](status, statuses);
    const fresh = steps.filter((step) => !seen.has(step));
    for (const step of fresh) seen.add(step);
    return [
      `revoked ${credential}: serial number ${serialNumber}, good until ${notAfter.toISOString()}`,
      `  ${remains}`,
      ...fresh.map((step) => `  - ${step}`),
    ];
  });
}
