import { posix } from 'node:path';
import { PkiError } from '../../errors.ts';
import type { Seconds, TreePath } from '../../model/names.ts';
import type { ObservedKeyset } from '../../model/observed.ts';
import { layout } from '../../model/store/layout.ts';
import { restoreFromHead } from '../../model/store/restore.ts';
import { readKeysetListing } from '../keyset.ts';

/**
 * An older revision was signed as well as the newest: put back, it would bring back what was retired since.
 *
 * @param head `keyset.yaml` as HEAD has it.
 * @throws PkiError `ERR_KEYSET_STATE` where HEAD has a later revision of the same keyset, or one that remembers more.
 */
export function guardRevision(tree: string, keyset: ObservedKeyset, head: Uint8Array): void {
  const file = layout.keyset(tree, keyset.path);
  const { later, lives } = headOf(file, keyset, head);
  const forgot = keyset.entries.find(
    ({ id, outsideLife = 0 }) => (lives.get(id) ?? 0) > outsideLife,
  );
  if (later === undefined && forgot === undefined) return;
  const hint = `restore it from git: ${restoreFromHead(posix.dirname(file))}`;
  if (later === undefined) {
    throw new PkiError(
      'ERR_KEYSET_STATE',
      `keyset "${keyset.path}" has forgotten how long that lives which ${forgot?.id ?? ''} signed outside of the tree`,
      { hint },
    );
  }
  throw new PkiError(
    'ERR_KEYSET_STATE',
    `keyset "${keyset.path}" is at revision ${keyset.revision}, HEAD has revision ${later}`,
    { hint },
  );
}

/** What HEAD knows better of the same keyset. */
function headOf(
  file: TreePath,
  { path: of, revision, entries }: ObservedKeyset,
  head: Uint8Array,
): { readonly later?: number; readonly lives: ReadonlyMap<string, Seconds> } {
  const lives = new Map<string, Seconds>();
  try {
    const { revision: later, entries: listed } = readKeysetListing(file, head, of);
    const isSame = listed.some(({ spki }) => entries.some((entry) => entry.spki === spki));
    for (const { id, outsideLife } of listed) lives.set(id, outsideLife ?? 0);
    return isSame && later > revision ? { later, lives } : { lives };
  } catch (error) {
    if (error instanceof PkiError) return { lives }; // what was committed cannot be read: the work tree repairs it
    throw error;
  }
}
