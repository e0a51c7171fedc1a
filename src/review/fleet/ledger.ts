import { credentialPath } from '../../model/names.ts';
import { layout } from '../../model/store/layout.ts';
import { parseLedgerLine } from '../../observe/ledger.ts';
import { flag } from '../flags.ts';
import type { Side } from '../read/side.ts';
import type { Flag } from '../report.ts';

/** Lines that the ledger lost, and new ones of authorities that nobody has. */
export function ledgerFlags(base: Side, head: Side, tree: string): Flag[] {
  const file = layout.ledger(tree);
  const [before, after] = [base, head].map((side) => linesOf(side.text(file) ?? ''));
  const lost = missing(before, after).map((line) =>
    flag('LedgerLineRemoved', `the ledger lost "${inQuotes(line)}"`, { file }),
  );
  const strange = missing(after, before)
    .filter((line) => !hasOrHadKeyset(line, head, tree, [...(before ?? []), ...(after ?? [])]))
    .map((line) => {
      const text = `the ledger got "${inQuotes(line)}", and there is no such keyset`;
      return flag('LedgerLineUnknown', text, { file });
    });
  return [...lost, ...strange];
}

function hasOrHadKeyset(line: string, head: Side, tree: string, all: readonly string[]): boolean {
  const parsed = parseLedgerLine(line);
  if (parsed === undefined) return false;
  const { cluster, keyset } = parsed;
  // of what was removed the other kind of line is there
  const isRemoved = all.some((other) => {
    const known = parseLedgerLine(other);
    return (
      known?.cluster === cluster &&
      'removed' in known !== 'removed' in parsed &&
      (known.keyset === null || keyset === null || known.keyset === keyset)
    );
  });
  if (isRemoved || keyset === null || 'removed' in parsed) return isRemoved;
  return head.read(layout.keyset(tree, credentialPath(cluster, null, keyset))) !== undefined;
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/u).filter((line) => /^\s*-/u.test(line));
}

function missing(lines: readonly string[] = [], others: readonly string[] = []): string[] {
  const known = new Set(others);
  return lines.filter((line) => !known.has(line));
}

/** A line of the ledger as a report can quote it: YAML means the same by both kinds of quotes. */
function inQuotes(line: string): string {
  return line.replace(/^\s*-\s*/u, '').replaceAll('"', "'");
}
