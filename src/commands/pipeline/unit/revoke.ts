import type { CredentialPath } from '../../../model/names.ts';
import type { ObservedKeyset } from '../../../model/observed.ts';
import { layout } from '../../../model/store/layout.ts';
import type { ObservedRevocations, RequestedRevocation } from '../../../model/store/revocations.ts';
import type { Clusters } from '../context.ts';

/**
 * A revocation is planned before the plan, as a transition is: it comes into the observed record, and that the leaf is issued again
 * and a CRL signed follows from there.
 */
export function revokeIn(
  tree: string,
  clusters: Clusters,
  revocations: ReadonlyMap<CredentialPath, readonly RequestedRevocation[]>,
): Clusters {
  if (revocations.size === 0) return clusters;
  return new Map(
    [...clusters].map(([name, store]) => {
      const keysets = [...store.keysets].map(([path, keyset]) => {
        const added = revocations.get(path) ?? [];
        return [path, added.length === 0 ? keyset : withRevoked(tree, keyset, added)] as const;
      });
      return [name, { ...store, keysets: new Map(keysets) }];
    }),
  );
}

function withRevoked(
  tree: string,
  keyset: ObservedKeyset,
  wanted: readonly RequestedRevocation[],
): ObservedKeyset {
  const before: ObservedRevocations = keyset.revocations ?? {
    file: layout.revocations(tree, keyset.path),
    crl: null,
    entries: [],
    added: [],
  };
  const known = new Set(before.entries.map(({ serialNumber }) => serialNumber));
  const added = wanted
    .filter(({ serialNumber }) => !known.has(serialNumber))
    .map(({ serialNumber, credential, revokedAt, reason, notAfter }) => ({
      serialNumber,
      credential,
      revokedAt,
      reason,
      notAfter,
    }));
  if (added.length === 0) return keyset;
  return {
    ...keyset,
    revocations: {
      ...before,
      entries: [...before.entries, ...added],
      added: added.map(({ serialNumber }) => serialNumber),
    },
  };
}
