import {
  changedFiles,
  filesDigest,
  isAncestor,
  readBlobs,
  readCommit,
  type ChangedFile,
} from './git/objects.ts';
import { filesOf, recordOf } from './marks.ts';
import type { ReadFiles, Renewal } from './renewal.ts';

/** A branch that only this program wrote: one commit, and merges of the base where somebody updated the branch. */
export interface OwnBranch {
  /** What it changes, and on which commit. */
  readonly files: readonly ChangedFile[];
  readonly on: string;
  /** What its commit says that it is. */
  readonly record: string | undefined;
}

const PLAIN_FILE = '100644';

/** Merges of the base that are looked through. */
const MOST_MERGES = 20;

/**
 * Whether a branch is ours alone; undefined where somebody else wrote on it. A branch is an argument of whoever may push: one that
 * changes anything but generated files is never ours, whatever it says of itself, since the next step looks at it beside the
 * declaration. Nor is one that brings what no inventory lists: what is ours is made anew, or stands as it is for people to merge.
 */
export async function readOwnBranch(
  folder: string,
  head: string,
  base: string,
  renewal: Pick<Renewal, 'isGenerated' | 'isMade'>,
): Promise<OwnBranch | undefined> {
  let id = head;
  let on: string | undefined;
  for (let merges = 0; merges <= MOST_MERGES; merges += 1) {
    const { parents, message } = await readCommit(folder, id);
    const [first, second, ...more] = parents;
    if (first === undefined || more.length > 0) return undefined;
    if (second !== undefined) {
      // "update branch": what the merge brings must be the base's
      if (!(await isAncestor(folder, second, base))) return undefined;
      on ??= second;
      id = first;
      continue;
    }
    on ??= first;
    const files = await changedFiles(folder, on, head);
    const seemsOurs =
      files.length > 0 &&
      filesOf(message) === filesDigest(files) &&
      files.every(
        ({ path, mode }) =>
          renewal.isGenerated(path) &&
          !/\p{Cc}/u.test(path) &&
          (mode === null || mode === PLAIN_FILE),
      );
    if (!seemsOurs) return undefined;
    const paths = files.map(({ path }) => path);
    const isOurs = await renewal.isMade(paths, filesIn(folder, on), filesIn(folder, head));
    return isOurs ? { files, on, record: recordOf(message) } : undefined;
  }
  return undefined;
}

function filesIn(folder: string, commit: string): ReadFiles {
  return async (paths) => {
    const of = (path: string): string => `${commit}:${path}`;
    const contents = await readBlobs(folder, paths.map(of));
    return new Map(
      paths.flatMap((path) => {
        const content = contents.get(of(path));
        return content === undefined ? [] : [[path, content] as const];
      }),
    );
  };
}

/** Whether the base changed files of a branch since it was made. */
export async function hasMoved(
  folder: string,
  { files, on }: OwnBranch,
  base: string,
): Promise<boolean> {
  if (on === base) return false;
  const moved = new Set((await changedFiles(folder, on, base)).map(({ path }) => path));
  return files.some(({ path }) => moved.has(path));
}
