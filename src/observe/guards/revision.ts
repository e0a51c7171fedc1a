import { posix } from 'node:path';
import { PkiError } from '../../errors.ts';
import type { CredentialPath, Seconds, TreePath } from '../../model/names.ts';
import type { ObservedKeyset } from '../../model/observed.ts';
import { layout } from '../../model/store/layout.ts';
import { restoreFromHead } from '../../model/store/restore.ts';
import { readable } from '../fields.ts';
import { readKeysetListing, type KeysetListing } from '../keyset.ts';

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

/**
 * A replacement is signed by the key that issues. One that issues nothing in HEAD is of a change that is not committed, as that of a run
 * which was cut off, and finished by the next one: what would follow it nobody could merge.
 *
 * @param head `keyset.yaml` as HEAD has it.
 * @throws PkiError `ERR_ROTATION` where HEAD has another entry that issues.
 */
export function guardReplacement(
  tree: string,
  { path, entries }: ObservedKeyset,
  head: Uint8Array,
): void {
  const ofTree = entries.find(({ state }) => state === 'issuing')?.id;
  const ofHead = listingOf(layout.keyset(tree, path), path, head)?.entries;
  if (ofHead?.some(({ id, state }) => state === 'issuing' && id === ofTree) !== false) return;
  throw new PkiError(
    'ERR_ROTATION',
    `the entry of "${path}" that issues is not committed: a replacement of it could not be merged`,
    {
      hint: [
        'it may be the replacement that is asked for: git diff shows it, commit and merge it',
        'to replace what HEAD has, take back what is not committed first: git stash --include-untracked',
      ],
    },
  );
}

/** What HEAD knows better of the same keyset. */
function headOf(
  file: TreePath,
  { path: of, revision, entries }: ObservedKeyset,
  head: Uint8Array,
): { readonly later?: number; readonly lives: ReadonlyMap<string, Seconds> } {
  const lives = new Map<string, Seconds>();
  const listing = listingOf(file, of, head);
  if (listing === undefined) return { lives };
  const { revision: later, entries: listed } = listing;
  const isSame = listed.some(({ spki }) => entries.some((entry) => entry.spki === spki));
  for (const { id, outsideLife } of listed) lives.set(id, outsideLife ?? 0);
  return isSame && later > revision ? { later, lives } : { lives };
}

/** Undefined for what was committed and cannot be read: the work tree repairs it. */
function listingOf(
  file: TreePath,
  path: CredentialPath,
  content: Uint8Array,
): KeysetListing | undefined {
  return readable(() => readKeysetListing(file, content, path));
}
