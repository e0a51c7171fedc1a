import { commitOf, git, readBlobs, requireHistory, text } from '../git.ts';

/** The blob that a change brought, as `--raw` has it; of a merge, for each parent. */
const CHANGE = /^:\d{6} \d{6} [0-9a-f]{40,64} ([0-9a-f]{40,64}) /gmu;

/** Of so many blobs the contents are held at once. */
const AT_ONCE = 1000;

/**
 * Every document of the store in a commit up to HEAD, each once, whatever its path was.
 *
 * @param what is asked of them, for people.
 * @throws PkiError `ERR_READ` in a shallow clone, which has no more than a part of the history.
 */
export async function* pastDocuments(
  root: string,
  tree: string,
  what: string,
): AsyncGenerator<string> {
  if ((await commitOf(root, 'HEAD')) === undefined) return;
  await requireHistory(root, what);
  const flags = ['--full-history', '-m', '--no-renames', '--raw', '--no-abbrev', '--format='];
  const place = `:(glob)${tree}/*/pki/**/*.sops.yaml`;
  const log = text(await git(root, ['log', ...flags, 'HEAD', '--', place]));
  const blobs = [...new Set([...log.matchAll(CHANGE)].map(([, blob = '']) => blob))].filter(
    (blob) => !/^0+$/u.test(blob),
  );
  for (let at = 0; at < blobs.length; at += AT_ONCE)
    for (const content of (await readBlobs(root, blobs.slice(at, at + AT_ONCE))).values())
      yield Buffer.from(content).toString('utf8');
}
