import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { PkiError } from '../../errors.ts';
import { treePath, type TreePath } from '../../model/names.ts';
import type { TreeReader } from '../../model/ports.ts';
import { restoreHints } from '../../model/store/restore.ts';

const ABSENT = new Set(['ENOENT', 'ENOTDIR']);

/** Larger files are not ours: the largest document that this product writes is some tens of kilobytes. */
const LARGEST = 4 * 1024 * 1024;

/** Files with some lines for each cluster: of 10,000 clusters they have six million octets. */
const OF_FLEETS: ReadonlySet<string> = new Set(['authorities.yaml', '.sops.yaml']);
const LARGEST_OF_FLEETS = 64 * LARGEST;

/** Folders that are remembered: those of a fleet would fill the memory. */
const MOST_CHECKED = 1000;

/** Without waiting for whoever is at the other end of a pipe. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * A reader of the work tree below `root`. Synchronous: tens of thousands of small files are read one after the other. Files
 * that are links, and folders that lead out of it, are not followed: what they lead to could come into files that are committed.
 */
export function treeReader(root: string): TreeReader {
  const top = realpathSync.native(root);
  const checked = new Set<string>();
  /** Whether the folder is there. */
  const checkFolder = (folder: string): boolean => {
    // who leads up by name asked for it
    if (folder === '.' || checked.has(folder) || folder.startsWith('..')) return true;
    if (!checkFolder(path.dirname(folder))) return false;
    const status = lstatSync(path.join(root, folder), { throwIfNoEntry: false });
    if (status === undefined) return false;
    if (folder === '.git' || status.isSymbolicLink()) {
      const real = path.relative(top, realpathSync.native(path.join(root, folder)));
      if (path.isAbsolute(real) || /^(?:\.\.|\.git)(?:[\\/]|$)/iu.test(real)) {
        throw new PkiError('ERR_READ', `"${folder}" leads out of the repository`, {
          hint: 'replace the symbolic link by the folder that it stands for',
        });
      }
    }
    if (checked.size >= MOST_CHECKED) checked.clear();
    checked.add(folder);
    return true;
  };
  const attempt = <T>(file: string, read: (absolute: string) => T): T | undefined => {
    try {
      return read(path.join(root, file));
    } catch (error) {
      if (error instanceof PkiError) throw error;
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (typeof code === 'string' && ABSENT.has(code)) return undefined;
      throw new PkiError('ERR_READ', `cannot read "${file}": ${String(code ?? error)}`, {
        hint: `see what is there: ls -ld '${file}'`,
        cause: error,
      });
    }
  };
  return {
    read: (file) =>
      attempt(file, (absolute) => {
        if (!checkFolder(path.dirname(file))) return undefined;
        const read = readRegular(absolute);
        if ('content' in read) return read.content;
        const { problem } = read;
        throw new PkiError('ERR_STORE', `"${file}" ${problem}`, {
          hint: restoreHints(file),
        });
      }),
    list: (folder) => {
      const entries = attempt(folder, (absolute) => {
        return checkFolder(folder) ? readdirSync(absolute, { withFileTypes: true }) : [];
      });
      return (entries ?? [])
        .map((entry) => {
          const isFolder = entry.isSymbolicLink()
            ? leadsBeside(root, folder, entry.name)
            : entry.isDirectory();
          return isFolder ? `${entry.name}/` : entry.name;
        })
        .sort();
    },
  };
}

/**
 * A reader of the work tree below `root`, and by `../` of the repository around it, where links are followed no more than below.
 *
 * @param depth how many folders `root` is below the root of its repository.
 */
export function repositoryReader(root: string, depth: number): TreeReader {
  const own = treeReader(root);
  if (depth === 0) return own;
  const real = realpathSync.native(root);
  const top = path.resolve(real, '../'.repeat(depth));
  const around = treeReader(top);
  const from = path.relative(top, real).replaceAll(path.sep, '/');
  const place = (file: TreePath): readonly [TreeReader, TreePath] => {
    const whole = path.posix.join(from, file);
    const isAround = /^\.\.(?:\/|$)/u.test(file) && !/^\.\.(?:\/|$)/u.test(whole);
    return isAround ? [around, treePath(whole)] : [own, file];
  };
  return {
    read: (file) => {
      const [reader, at] = place(file);
      return reader.read(at);
    },
    list: (folder) => {
      const [reader, at] = place(folder);
      return reader.list(at);
    },
  };
}

/** The content of a file, or why it is not read. */
function readRegular(
  file: string,
): { readonly content: Uint8Array } | { readonly problem: string } {
  let descriptor: number;
  try {
    descriptor = openSync(file, OPEN_FLAGS);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ELOOP') return { problem: 'is a symbolic link' };
    if (code === 'ENXIO') return { problem: 'is not a file' }; // a socket
    throw error;
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) return { problem: 'is not a file' }; // a device or a pipe would never end
    const largest = OF_FLEETS.has(path.basename(file)) ? LARGEST_OF_FLEETS : LARGEST;
    if (status.size > largest) return { problem: `has more than ${largest} octets` };
    return { content: readFileSync(descriptor) };
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Whether a link leads to a folder that no link and no folder above it leads to: what leads in a circle, or by one link to the next, would
 * have more files than anybody can read. Reading any other tells what it is.
 */
function leadsBeside(root: string, folder: string, name: string): boolean {
  try {
    if (hasLink(root, folder)) return false;
    const [from, to] = [folder, path.join(folder, name)].map((place) =>
      realpathSync.native(path.join(root, place)),
    );
    const isAbove = !path.relative(to ?? '', from ?? '').startsWith('..');
    return !isAbove && statSync(to ?? '').isDirectory();
  } catch {
    return false;
  }
}

function hasLink(root: string, folder: string): boolean {
  if (folder === '.' || folder.startsWith('..')) return false;
  const isLink = lstatSync(path.join(root, folder)).isSymbolicLink();
  return isLink || hasLink(root, path.dirname(folder));
}
