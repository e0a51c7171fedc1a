import { PkiError } from '../../errors.ts';
import { treePath, type TreePath } from '../../model/names.ts';
import type { TreeReader } from '../../model/ports.ts';
import { layout } from '../../model/store/layout.ts';
import { historyOf, parseLedgerLine } from '../../observe/ledger.ts';
import { mergeBaseOf, openRevision, type Revision } from '../../observe/source/revision.ts';
import { fleetFiles } from '../../render/fleet/files.ts';
import type { Declared } from '../../verify/declared.ts';
import { NO_HEAD } from '../../model/store/ledger.ts';
import type { Invocation } from '../command.ts';

/**
 * Where HEAD left the base, or HEAD where no base is named; undefined where there is no commit to compare with. A base that moved on is
 * not undone by who has not followed yet: a merge keeps what only one side touched.
 */
export async function openBase(
  { cwd, options }: Invocation,
  reader: TreeReader,
  places: readonly string[],
): Promise<Revision | undefined> {
  if (options.base !== undefined)
    return openRevision(cwd, reader, places, await mergeBaseOf(cwd, options.base));
  try {
    return await openRevision(cwd, reader, places, 'HEAD');
  } catch (error) {
    if (error instanceof PkiError && error.code === 'ERR_USAGE') return undefined;
    throw error;
  }
}

export const textOf = (reader: TreeReader, file: string): string => {
  try {
    return Buffer.from(reader.read(treePath(file)) ?? '').toString('utf8');
  } catch (error) {
    if (error instanceof PkiError) return '';
    throw error;
  }
};

/** Which files beside the tree are what the program makes of the base's: what differs in them is the declaration's. */
export function generatedFiles(
  base: TreeReader,
  head: TreeReader,
  { fleet }: Declared,
): ReadonlySet<TreePath> {
  const present = { sops: textOf(base, '.sops.yaml'), attributes: textOf(base, '.gitattributes') };
  try {
    const made = fleetFiles(fleet, present).filter(
      ({ path, content }) => textOf(head, path) === content,
    );
    return new Set(made.map(({ path }) => path));
  } catch (error) {
    if (error instanceof PkiError) return new Set();
    throw error;
  }
}

/** Keysets that the ledger says were removed; what the base had of a cluster is enough to tell. */
export function removedKeysets(
  base: TreeReader,
  head: TreeReader,
  tree: string,
): ReadonlySet<string> {
  const lines = [base, head].flatMap((reader) =>
    textOf(reader, layout.ledger(tree))
      .split(/\r?\n/u)
      .flatMap((line) => parseLedgerLine(line) ?? []),
  );
  return new Set(historyOf(lines, NO_HEAD).removed.keys());
}
