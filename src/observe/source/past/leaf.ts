import { layout } from '../../../model/store/layout.ts';
import type { CredentialPath } from '../../../model/names.ts';
import { git, isInRepository, readBlobs, requireHistory, text } from '../git.ts';

/** Both sides of a change, as `--raw` has them: modes, then the names of the two blobs. */
const CHANGE = /:\d{6} \d{6} ([0-9a-f]{40,64}) ([0-9a-f]{40,64}) /gu;

/**
 * Every content that the document of a leaf had in a commit up to HEAD, each once. Nothing outside a repository, and before the first
 * commit.
 *
 * @throws PkiError `ERR_READ` in a shallow clone, which has no more than a part of the history.
 */
export async function observePastLeaf(
  root: string,
  tree: string,
  path: CredentialPath,
): Promise<readonly Uint8Array[]> {
  if (!isInRepository(root)) return [];
  const head = await git(root, ['rev-parse', '--verify', '--quiet', 'HEAD^{tree}'], {
    absent: [1],
  });
  if (head === undefined) return [];
  await requireHistory(root, `which certificates "${path}" had before`);
  const flags = ['--full-history', '-m', '--no-renames', '--raw', '--no-abbrev', '--format='];
  const place = `:(literal)${layout.leaf(tree, path)}`;
  const log = text(await git(root, ['log', ...flags, 'HEAD', '--', place]));
  const blobs = new Set(
    [...log.matchAll(CHANGE)].flatMap(([, before = '', after = '']) => [before, after]),
  );
  const known = [...blobs].filter((blob) => !/^0+$/u.test(blob));
  return [...(await readBlobs(root, known)).values()];
}
