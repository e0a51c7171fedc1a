import type { DesiredCluster } from '../../model/desired.ts';
import type { IssuedKeyset } from '../../model/made/issued.ts';
import type { CredentialPath, Seconds } from '../../model/names.ts';
import type { ObservedCluster } from '../../model/observed.ts';
import type { Action } from '../../model/plan.ts';
import { formatDuration } from '../../model/store/duration.ts';
import { rememberedLife } from '../../model/store/keyset.ts';

/** A keyset whose entries are to remember a longer life: the same revision, with the signatures that it has. */
export interface PlannedMemory extends IssuedKeyset {
  readonly entry: null;
}

/**
 * The keysets of a cluster that are to remember that what they sign outside of the tree lives longer than they know (DESIGN §7). What
 * is declared shorter later is no reason to forget: what was signed before lives on. A keyset that remembers nothing yet knows what is
 * declared, and is left as it is where that says all.
 *
 * @param rendered what outputs of the tree say, which may be of an earlier declaration.
 */
export function planMemories(
  { authorities, serviceAccountKeys }: DesiredCluster,
  store: ObservedCluster | undefined,
  rendered: ReadonlyMap<CredentialPath, Seconds>,
): PlannedMemory[] {
  return [...authorities, ...serviceAccountKeys].flatMap((desired) => {
    const keyset = store?.keysets.get(desired.path);
    if (keyset === undefined) return [];
    const declared = Math.max(desired.rotation.outsideLife ?? 0, rendered.get(desired.path) ?? 0);
    const entries = keyset.entries.map(({ id, state, spki, outsideLife }) => ({
      id,
      state,
      spki,
      outsideLife: rememberedLife({ state, outsideLife }, declared),
    }));
    const isLonger = keyset.entries.some(
      ({ outsideLife: known = desired.rotation.outsideLife ?? 0 }, index) =>
        (entries[index]?.outsideLife ?? 0) > known,
    );
    const { revision, signature, countersignature } = keyset;
    return isLonger
      ? [{ desired, revision, entries, signature, countersignature, entry: null }]
      : [];
  });
}

export function memoryAction({ desired: { cluster, path }, entries }: PlannedMemory): Action {
  const longest = longestLife(entries);
  return {
    action: 'remember',
    cluster,
    credential: path,
    reason: 'OutsideLife',
    message: `what it signs outside of the tree may live ${formatDuration(longest)}, which "retire" will wait for whatever is declared later`,
    needsIdentity: false,
  };
}

function longestLife(entries: PlannedMemory['entries']): Seconds {
  return Math.max(...entries.map(({ outsideLife }) => outsideLife ?? 0));
}
