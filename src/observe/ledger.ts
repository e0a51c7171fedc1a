import { PkiError } from '../errors.ts';
import { layout } from '../model/store/layout.ts';
import type { LedgerEntry } from '../model/store/ledger.ts';
import type { TreeReader } from '../model/ports.ts';

const LINE =
  /^- \{cluster: ([-a-z0-9._]+), keyset: ([-a-z0-9.]+), id: "([0-9a-f]{16})", spki: "([0-9a-f]{64})"\}$/u;

/** Reads the ledger; every line must be one that this product writes, since a line that is not understood could hide an authority. */
export function observeLedger(
  reader: TreeReader,
  tree: string,
): { readonly text: string; readonly entries: readonly LedgerEntry[] } {
  const file = layout.ledger(tree);
  const text = new TextDecoder().decode(reader.read(file) ?? new Uint8Array());
  const entries = text.split(/\r?\n/u).flatMap((line, index): LedgerEntry[] => {
    if (line === '' || line.startsWith('#')) return [];
    const [, cluster, keyset, id, spki] = LINE.exec(line) ?? [];
    if (cluster === undefined || keyset === undefined || id === undefined || spki === undefined) {
      throw new PkiError('ERR_STORE', `"${file}": line ${index + 1} is not a ledger line`, {
        hint: [
          `restore it from git: git checkout HEAD -- '${file}'`,
          'after a merge conflict keep the lines of both sides',
        ],
      });
    }
    return [{ cluster, keyset, id, spki }];
  });
  return { text, entries };
}
