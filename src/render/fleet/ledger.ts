import type { LedgerEntry } from '../../model/store/ledger.ts';

const HEADER =
  '# Every authority ever made, one line each. Append-only: a keyset listed here is never made again.\n';

/** The ledger with lines for entries that it does not have yet, in the order of their names. */
export function appendToLedger(text: string, entries: readonly LedgerEntry[]): string {
  const place = ({ cluster, keyset, id }: LedgerEntry): string => [cluster, keyset, id].join('/');
  const sorted = entries.toSorted((a, b) => (place(a) < place(b) ? -1 : 1));
  const lines = sorted.map(
    ({ cluster, keyset, id, spki }) =>
      `- {cluster: ${cluster}, keyset: ${keyset}, id: "${id}", spki: "${spki}"}\n`,
  );
  return `${text === '' ? HEADER : text.replace(/\n?$/u, '\n')}${lines.join('')}`;
}
