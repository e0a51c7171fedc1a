import type { LedgerEntry } from '../../model/store/ledger.ts';

const HEADER =
  '# Every authority ever made, one line each. Append-only: a keyset listed here is never made again.\n';

/** The ledger with lines for entries that it does not have yet. */
export function appendToLedger(text: string, entries: readonly LedgerEntry[]): string {
  const lines = entries.map(
    ({ cluster, keyset, id, spki }) =>
      `- {cluster: ${cluster}, keyset: ${keyset}, id: "${id}", spki: "${spki}"}\n`,
  );
  return `${text === '' ? HEADER : text.replace(/\n?$/u, '\n')}${lines.join('')}`;
}
