import { credentialPath, type CredentialPath } from '../../model/names.ts';
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
  const added = missing(after, before);
  return [...lost, ...unknownLines(added, [...(before ?? []), ...(after ?? [])], head, tree)];
}

/**
 * Lines of a ledger of authorities that nobody has, and nobody had: no keyset is there, and no line says that it was removed. One that is
 * declared and gone is for guards to tell.
 */
export function unknownLedgerLines(
  side: Side,
  tree: string,
  declared: ReadonlySet<CredentialPath>,
): Flag[] {
  const all = linesOf(side.text(layout.ledger(tree)) ?? '');
  const others = all.filter((line) => {
    const parsed = parseLedgerLine(line);
    if (parsed === undefined) return false; // an error by itself
    return (
      parsed.keyset === null || !declared.has(credentialPath(parsed.cluster, null, parsed.keyset))
    );
  });
  return unknownLines(others, all, side, tree);
}

function unknownLines(
  lines: readonly string[],
  all: readonly string[],
  head: Side,
  tree: string,
): Flag[] {
  const file = layout.ledger(tree);
  // of what was removed both kinds of lines are there: by cluster the keysets of each, null for all of them
  const made = new Map<string, Set<string | null>>();
  const removed = new Map<string, Set<string | null>>();
  for (const parsed of all.map(parseLedgerLine)) {
    if (parsed === undefined) continue;
    const kind = 'removed' in parsed ? removed : made;
    kind.set(parsed.cluster, (kind.get(parsed.cluster) ?? new Set()).add(parsed.keyset));
  }
  const isKnown = (line: string): boolean => {
    const parsed = parseLedgerLine(line);
    if (parsed === undefined) return false;
    const { cluster, keyset } = parsed;
    const others = ('removed' in parsed ? made : removed).get(cluster);
    if (others !== undefined && (keyset === null || others.has(null) || others.has(keyset)))
      return true;
    if (keyset === null || 'removed' in parsed) return false;
    return head.read(layout.keyset(tree, credentialPath(cluster, null, keyset))) !== undefined;
  };
  return lines
    .filter((line) => !isKnown(line))
    .map((line) => {
      const text = `the ledger has "${inQuotes(line)}", and there is no such keyset`;
      return flag('LedgerLineUnknown', text, { file });
    });
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
