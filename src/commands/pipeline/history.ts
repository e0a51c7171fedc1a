import { credentialParts, type CredentialPath } from '../../model/names.ts';
import type { History, LedgerEntry } from '../../model/store/ledger.ts';

/** What the ledger and git's HEAD say of the keysets of given clusters. */
export function historyIndex(
  ledger: readonly LedgerEntry[],
  head: ReadonlySet<CredentialPath>,
): (clusters: readonly string[]) => History {
  const entries = grouped(ledger, ({ cluster }) => cluster);
  const paths = grouped(head, (path) => credentialParts(path).cluster);
  return (clusters) => {
    const spkis = new Map<string, Set<string>>();
    for (const { cluster, keyset, spki } of clusters.flatMap((name) => entries.get(name) ?? [])) {
      const path = `${cluster}/${keyset}`;
      spkis.set(path, (spkis.get(path) ?? new Set()).add(spki));
    }
    return { ledger: spkis, head: new Set(clusters.flatMap((name) => paths.get(name) ?? [])) };
  };
}

/** `Map.groupBy`, which came after Node 20. */
function grouped<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
