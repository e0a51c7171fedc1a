import { PkiError } from '../../errors.ts';
import { treePath, type TreePath } from '../../model/names.ts';
import type { TreeReader } from '../../model/ports.ts';

/** One of the two trees: reading never throws, what cannot be read is remembered. */
export interface Side extends TreeReader {
  /** Text of a file; undefined where it is not there or cannot be read. */
  text(path: TreePath): string | undefined;
  /** Every file below a folder, in order. */
  files(folder: TreePath): readonly TreePath[];
  /** What was wrong with files that could not be read. */
  readonly problems: ReadonlyMap<TreePath, string>;
}

export function openSide(reader: TreeReader): Side {
  const problems = new Map<TreePath, string>();
  const attempt = <T>(path: TreePath, instead: T, read: () => T): T => {
    try {
      return read();
    } catch (error) {
      problems.set(path, problemText(error));
      return instead;
    }
  };
  const side: Side = {
    problems,
    read: (path) => attempt(path, undefined, () => reader.read(path)),
    list: (path) => attempt(path, [], () => reader.list(path)),
    text: (path) => {
      const content = side.read(path);
      return content === undefined ? undefined : Buffer.from(content).toString('utf8');
    },
    files: (folder) =>
      side
        .list(folder)
        .flatMap((name) =>
          name.endsWith('/')
            ? side.files(treePath(folder, name.slice(0, -1)))
            : [treePath(folder, name)],
        ),
  };
  return side;
}

/** Of what reading a file threw. @throws what is no `PkiError`: that is a bug */
export function problemText(error: unknown): string {
  if (error instanceof PkiError) return error.message;
  throw error;
}

/** Files that only one side has, or that differ. */
export function differingFiles(base: Side, head: Side, folder: TreePath): TreePath[] {
  const files = new Set([...base.files(folder), ...head.files(folder)]);
  return [...files].sort().filter((file) => {
    const [before, after] = [base.read(file), head.read(file)];
    if (base.problems.has(file) || head.problems.has(file)) return true;
    return before === undefined || after === undefined || Buffer.compare(before, after) !== 0;
  });
}
