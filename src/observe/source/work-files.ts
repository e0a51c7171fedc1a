import { closeSync, constants, lstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import path from 'node:path';
import { treePath, type TreePath } from '../../model/names.ts';
import { git, isInRepository, names, text } from './git.ts';

/** Larger files are looked at in parts of this size, which overlap by more than a key is long. */
const PART = 4 * 1024 * 1024;
const OVERLAP = 64 * 1024;

export interface WorkFile {
  /** From the working directory. */
  readonly file: TreePath;
  /** Its content, in parts; empty where it is gone, or no file. */
  readonly parts: () => Iterable<Uint8Array>;
}

/** Every file of the repository that git tracks, or would add: what a commit can hold. None outside a repository. */
export async function listWorkFiles(root: string): Promise<readonly WorkFile[]> {
  if (!isInRepository(root)) return [];
  const top = text(await git(root, ['rev-parse', '--show-toplevel'])).replace(/\n$/u, '');
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = [...new Set(names(await git(top, list)))].sort();
  const prefix = text(await git(root, ['rev-parse', '--show-prefix'])).replace(/\n$/u, '');
  return files.map((file) => ({
    file: treePath(path.posix.relative(prefix, file)),
    parts: () => partsOf(path.join(top, file)),
  }));
}

function* partsOf(file: string): Generator<Uint8Array> {
  let size: number;
  try {
    const status = lstatSync(file);
    if (status.isSymbolicLink()) yield Buffer.from(readlinkSync(file)); // git stores the text
    if (!status.isFile()) return;
    size = status.size;
  } catch {
    return; // deleted, and not yet committed
  }
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (let at = 0; at < size || at === 0; at += PART - OVERLAP) {
      const part = Buffer.alloc(Math.min(PART, Math.max(size - at, 0)));
      const read = readSync(descriptor, part, 0, part.length, at);
      yield part.subarray(0, read);
      if (at + part.length >= size) return;
    }
  } finally {
    closeSync(descriptor);
  }
}
