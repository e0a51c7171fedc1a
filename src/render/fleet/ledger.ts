import { ledgerLine, type LedgerLine } from '../../model/store/ledger.ts';

const HEADER =
  '# Every authority ever made, one line each. Append-only: a keyset listed here is never made again.\n';

/** The ledger with lines that it does not have yet, in the order of their names. */
export function appendToLedger(text: string, lines: readonly LedgerLine[]): string {
  const place = (line: LedgerLine): string =>
    [line.cluster, line.keyset, 'id' in line ? line.id : ''].join('/');
  const added = lines
    .toSorted((a, b) => (place(a) < place(b) ? -1 : 1))
    .map((line) => `${ledgerLine(line)}\n`);
  return `${text === '' ? HEADER : text.replace(/\n?$/u, '\n')}${added.join('')}`;
}
