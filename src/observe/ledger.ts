import { PkiError } from '../errors.ts';
import { entryId } from '../model/store/keyset.ts';
import { layout } from '../model/store/layout.ts';
import type { Head, History, LedgerEntry, LedgerLine, PastLine } from '../model/store/ledger.ts';
import { treePath } from '../model/names.ts';
import type { TreeReader } from '../model/ports.ts';
import { restoreFromHead, restoreHints } from '../model/store/restore.ts';

const ENTRY =
  /^- \{cluster: ([-a-z0-9._]+), keyset: ([-a-z0-9.]+), id: "([0-9a-f]{16})", spki: "([0-9a-f]{64})"\}$/u;
const TOMBSTONE =
  /^- \{cluster: ([-a-z0-9._]+),(?: keyset: ([-a-z0-9.]+),)? removed: "(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"\}$/u;

/** Of lost lines so many are named. */
const MOST_NAMED = 20;

export interface Ledger {
  readonly text: string;
  /** In the order of the file. */
  readonly lines: readonly LedgerLine[];
}

/** Reads the ledger; every line must be one that this product writes, since a line that is not understood could hide an authority. */
export function observeLedger(reader: TreeReader, tree: string): Ledger {
  const file = layout.ledger(tree);
  const text = new TextDecoder().decode(reader.read(file) ?? new Uint8Array());
  const lines = text.split(/\r?\n/u).flatMap((line, index): LedgerLine[] => {
    if (line === '' || line.startsWith('#')) return [];
    const parsed = parseLedgerLine(line);
    if (parsed !== undefined) return [parsed];
    throw new PkiError('ERR_STORE', `"${file}": line ${index + 1} is not a ledger line`, {
      hint: [...restoreHints(file), 'after a merge conflict keep the lines of both sides'],
    });
  });
  return { text, lines };
}

/** Undefined for what is no line that this product writes. */
export function parseLedgerLine(line: string): LedgerLine | undefined {
  const [, cluster, keyset, id, spki] = ENTRY.exec(line) ?? [];
  if (cluster !== undefined && keyset !== undefined && id !== undefined && spki !== undefined) {
    return id === entryId(spki) ? { cluster, keyset, id, spki } : undefined;
  }
  const [, grave, name = null, removed] = TOMBSTONE.exec(line) ?? [];
  return grave === undefined || removed === undefined
    ? undefined
    : { cluster: grave, keyset: name, removed };
}

/**
 * What the ledger, HEAD and git's history say was made before.
 *
 * @param past of the same clusters, the oldest first.
 */
export function historyOf(
  lines: readonly LedgerLine[],
  head: History['head'],
  past: readonly PastLine[] = [],
  isLedgerGone = false,
): History {
  const before = past.map(({ line }) => line);
  const commits = new Map(past.map(({ line, commit }) => [line.cluster, commit]));
  const spkisBefore = spkisOf(before);
  return {
    ledger: spkisOf(lines),
    removed: removedIn([...before, ...lines]),
    past: new Map(
      [...spkisBefore].map(([path, spkis]) => {
        const commit = commits.get(path.split('/')[0] ?? '') ?? '';
        return [path, { spkis, commit }];
      }),
    ),
    head,
    isLedgerGone,
  };
}

function spkisOf(lines: readonly LedgerLine[]): Map<string, Set<string>> {
  const spkis = new Map<string, Set<string>>();
  for (const line of lines) {
    if (!('spki' in line)) continue;
    const path = `${line.cluster}/${line.keyset}`;
    spkis.set(path, (spkis.get(path) ?? new Set()).add(line.spki));
  }
  return spkis;
}

function removedIn(lines: readonly LedgerLine[]): Map<string, string> {
  const made = new Set<string>();
  const removed = new Map<string, string>();
  for (const line of lines) {
    if ('spki' in line) {
      const path = `${line.cluster}/${line.keyset}`;
      made.add(path);
      removed.delete(path); // made again since
      continue;
    }
    const isOfIt = (path: string): boolean =>
      line.keyset === null
        ? path.startsWith(`${line.cluster}/`)
        : path === `${line.cluster}/${line.keyset}`;
    for (const path of made) if (isOfIt(path)) removed.set(path, line.removed);
  }
  return removed;
}

/**
 * The ledger is append-only: what HEAD's says, that of the work tree says too.
 *
 * @throws PkiError `ERR_AUTHORITY_MISSING` for a ledger that lost lines, and for a tree that is gone.
 */
export function guardLedger(reader: TreeReader, tree: string, ledger: Ledger, head: Head): void {
  if (head.keysets.size > 0 && reader.list(treePath(tree)).length === 0) {
    throw new PkiError(
      'ERR_AUTHORITY_MISSING',
      `the tree "${tree}" is gone; HEAD has ${head.keysets.size} keysets in it`,
      { hint: `restore it from git: ${restoreFromHead(tree)}` },
    );
  }
  const lost = lostLines(ledger, head);
  if (lost.length > 0) throw linesLost(tree, lost);
}

/**
 * The same, each cluster by itself: what one lost keeps nobody from the others.
 *
 * @throws PkiError `ERR_AUTHORITY_MISSING` for a tree that is gone.
 */
export function ledgerProblems(
  reader: TreeReader,
  tree: string,
  ledger: Ledger,
  head: Head,
): Map<string, PkiError> {
  const lost = lostLines(ledger, head);
  if (reader.list(treePath(tree)).length === 0) guardLedger(reader, tree, ledger, head);
  const clusters = new Set(lost.map(({ cluster }) => cluster));
  return new Map(
    [...clusters].map((name) => [
      name,
      linesLost(
        tree,
        lost.filter(({ cluster }) => cluster === name),
      ),
    ]),
  );
}

function lostLines(ledger: Ledger, head: Head): LedgerLine[] {
  const kept = new Set(ledger.lines.map(nameOf));
  return head.ledger
    .split(/\r?\n/u)
    .flatMap((line) => parseLedgerLine(line) ?? [])
    .filter((line) => !kept.has(nameOf(line)));
}

function linesLost(tree: string, lines: readonly LedgerLine[]): PkiError {
  const lost = lines.map(nameOf);
  const file = layout.ledger(tree);
  const rest = lost.length - MOST_NAMED;
  return new PkiError(
    'ERR_AUTHORITY_MISSING',
    `"${file}" lacks ${lost.length === 1 ? 'a line' : `${lost.length} lines`} that HEAD has`,
    {
      details: [...lost.slice(0, MOST_NAMED), ...(rest > 0 ? [`and ${rest} more`] : [])],
      hint: [
        `restore it from git: ${restoreFromHead(file)}`,
        'lines are only ever added to it; after a merge conflict keep the lines of both sides',
      ],
    },
  );
}

function nameOf(line: LedgerLine): string {
  if ('spki' in line) return `${line.cluster}/${line.keyset} (${line.spki})`;
  const { cluster, keyset, removed } = line;
  return `${keyset === null ? cluster : `${cluster}/${keyset}`} (removed on ${removed})`;
}

/** The lines of keys. */
export function ledgerEntries({ lines }: Ledger): LedgerEntry[] {
  return lines.filter((line) => 'spki' in line);
}
