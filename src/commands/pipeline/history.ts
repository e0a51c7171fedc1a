import { credentialParts } from '../../model/names.ts';
import type { Head, History, LedgerLine } from '../../model/store/ledger.ts';
import { historyOf } from '../../observe/ledger.ts';

/** What the ledger and git's HEAD say of the keysets of given clusters. */
export function historyIndex(
  ledger: readonly LedgerLine[],
  head: Head,
): (clusters: readonly string[]) => History {
  const lines = grouped(ledger, ({ cluster }) => cluster);
  const keysets = grouped(head.keysets, (path) => credentialParts(path).cluster);
  const changed = grouped(head.changed, ([path]) => credentialParts(path).cluster);
  return (clusters) =>
    historyOf(
      clusters.flatMap((name) => lines.get(name) ?? []),
      {
        keysets: new Set(clusters.flatMap((name) => keysets.get(name) ?? [])),
        changed: new Map(clusters.flatMap((name) => changed.get(name) ?? [])),
      },
    );
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
