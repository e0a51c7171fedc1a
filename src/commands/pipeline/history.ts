import type { DesiredUnit } from '../../model/desired.ts';
import { credentialParts } from '../../model/names.ts';
import type { Head, History, LedgerLine, PastLine } from '../../model/store/ledger.ts';
import { historyOf } from '../../observe/ledger.ts';

/**
 * What the ledger, git's HEAD and, where the ledger lacks a keyset that a unit declares, git's history say of its keysets.
 *
 * @param observePast asked once at most.
 */
export function historyIndex(
  ledger: readonly LedgerLine[],
  head: Head,
  observePast: () => Promise<readonly PastLine[]>,
): (unit: DesiredUnit) => Promise<History> {
  const lines = grouped(ledger, ({ cluster }) => cluster);
  const keysets = grouped(head.keysets, (path) => credentialParts(path).cluster);
  const changed = grouped(head.changed, ([path]) => credentialParts(path).cluster);
  const revocations = grouped(head.revocations, ([path]) => credentialParts(path).cluster);
  const isLedgerGone = ledger.length === 0 && head.ledger === '';
  let past: Promise<ReadonlyMap<string, PastLine[]>> | undefined;
  return async ({ clusters }) => {
    const names = clusters.map(({ name }) => name);
    const ownLines = names.flatMap((name) => lines.get(name) ?? []);
    const ownHead = {
      history: head.history,
      keysets: new Set(names.flatMap((name) => keysets.get(name) ?? [])),
      changed: new Map(names.flatMap((name) => changed.get(name) ?? [])),
      revocations: new Map(names.flatMap((name) => revocations.get(name) ?? [])),
    };
    const history = historyOf(ownLines, ownHead);
    const isKnown = clusters.every(({ authorities, serviceAccountKeys }) =>
      [...authorities, ...serviceAccountKeys].every(({ path }) => history.ledger.has(path)),
    );
    if (isKnown || head.history === 'none') return history;
    past ??= observePast().then((all) => grouped(all, ({ line }) => line.cluster));
    const before = await past;
    const ownPast = names.flatMap((name) => before.get(name) ?? []);
    return historyOf(ownLines, ownHead, ownPast, isLedgerGone && before.size > 0);
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
