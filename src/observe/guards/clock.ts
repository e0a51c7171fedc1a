import { PkiError } from '../../errors.ts';
import type { ObservedCluster } from '../../model/observed.ts';

/**
 * A clock that is behind what the store says of the past would issue certificates that are expired elsewhere. notBefore is backdated,
 * so clocks may differ by that.
 *
 * @throws PkiError `ERR_CLOCK` where now is before the newest notBefore, or thisUpdate of a CRL, of the clusters.
 */
export function guardClock(clusters: Iterable<ObservedCluster>, now: Date): void {
  let newest: { readonly file: string; readonly notBefore: Date } | undefined;
  for (const { keysets, leaves } of clusters) {
    const entries = [...keysets.values()].flatMap((keyset) => keyset.entries);
    for (const document of [...entries, ...leaves.values()]) {
      const certificate = 'certificate' in document ? document.certificate : null;
      if (certificate === null || (newest && certificate.notBefore <= newest.notBefore)) continue;
      newest = { file: document.file, notBefore: certificate.notBefore };
    }
    for (const { revocations } of keysets.values()) {
      const notBefore = revocations?.crl?.thisUpdate;
      if (revocations === undefined || notBefore === undefined) continue;
      if (newest === undefined || notBefore > newest.notBefore)
        newest = { file: revocations.file, notBefore };
    }
  }
  if (newest === undefined || now >= newest.notBefore) return;
  throw new PkiError(
    'ERR_CLOCK',
    `it is ${now.toISOString()} by the clock, and "${newest.file}" is not valid before ${newest.notBefore.toISOString()}`,
    {
      hint: [
        'set the clock of this machine, or give a later --now',
        `if that file was made by a clock that was ahead: git log -- '${newest.file}'`,
      ],
    },
  );
}
