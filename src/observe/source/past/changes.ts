import { commitOf, git, readBlobs, requireHistory, text } from '../git.ts';

/** A content that a file got in a commit. */
export interface Change {
  readonly commit: string;
  /** From the root of the repository. */
  readonly path: string;
  /** The name of the content; undefined where the commit deletes the file. */
  readonly blob: string | undefined;
}

/** What a user's configuration could leave out. */
const ALL = ['log.showRoot=true', 'log.diffMerges=separate', 'log.showSignature=false'].flatMap(
  (setting) => ['-c', setting],
);
/** `--full-history` and `-m`: a merge may have taken a side that only one of its parents had, or a content that none had. */
const FLAGS = ['--full-history', '-m', '--no-renames', '--raw', '--no-abbrev', '-z', '--format=%H'];

/** The blob that a change brought, as `--raw` has it. */
const CHANGE = /^\n?:\d{6} \d{6} [0-9a-f]{40,64} ([0-9a-f]{40,64}) /u;

/** Of so many blobs the contents are held at once. */
const AT_ONCE = 1000;

/**
 * What commits up to HEAD changed in `places` of the repository, wherever in it the fleet is now; of a merge, beside each parent, and
 * of one that is not committed yet, both sides. Nothing outside a repository, and before the first commit.
 *
 * @param places globs from the root.
 * @param what is asked of them, for people.
 * @throws PkiError `ERR_READ` in a shallow clone, which has no more than a part of the history.
 */
export async function pastChanges(
  root: string,
  places: readonly string[],
  what: string,
): Promise<Change[]> {
  const heads: string[] = [];
  for (const name of ['HEAD', 'MERGE_HEAD'])
    if ((await commitOf(root, name)) !== undefined) heads.push(name);
  if (heads.length === 0) return [];
  await requireHistory(root, what);
  const globs = places.map((place) => `:(top,glob)${place}`);
  const log = await git(root, [...ALL, 'log', ...FLAGS, ...heads, '--', ...globs]);
  const words = text(log).split('\0');
  const changes: Change[] = [];
  let commit = '';
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const blob = CHANGE.exec(word)?.[1];
    if (blob === undefined) {
      commit = word;
      continue;
    }
    at += 1;
    changes.push({ commit, path: words[at] ?? '', blob: /^0+$/u.test(blob) ? undefined : blob });
  }
  return changes;
}

/** Every content among `changes`, each once, with its name. */
export async function* pastContents(
  root: string,
  changes: readonly Change[],
): AsyncGenerator<readonly [string, Uint8Array]> {
  const blobs = [...new Set(changes.flatMap(({ blob }) => blob ?? []))];
  for (let at = 0; at < blobs.length; at += AT_ONCE)
    yield* await readBlobs(root, blobs.slice(at, at + AT_ONCE));
}

/** The content that each of `files` has in a commit, by `COMMIT:PATH`; what is not there is left out. */
export async function blobsAt(
  root: string,
  files: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const input = files.map((file) => `${file}\n`).join('');
  const check = ['cat-file', '--batch-check=%(objectname)'];
  const answers = files.length === 0 ? [] : text(await git(root, check, { input })).split('\n');
  return new Map(
    files.flatMap((file, index) => {
      const answer = answers[index] ?? '';
      return /^[0-9a-f]{40,64}$/u.test(answer) ? [[file, answer] as const] : [];
    }),
  );
}
