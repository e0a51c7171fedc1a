import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PkiError } from '../../errors.ts';
import type { TreeReader } from '../../model/ports.ts';

const ABSENT = new Set(['ENOENT', 'ENOTDIR']);

/** Larger files are not ours: the largest document that this product writes is some tens of kilobytes. */
const LARGEST = 4 * 1024 * 1024;

/** A reader of the work tree below `root`. Synchronous: tens of thousands of small files are read one after the other. */
export function treeReader(root: string): TreeReader {
  const attempt = <T>(file: string, read: (absolute: string) => T): T | undefined => {
    try {
      return read(path.join(root, file));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (typeof code === 'string' && ABSENT.has(code)) return undefined;
      throw new PkiError('ERR_READ', `cannot read "${file}": ${String(code ?? error)}`, {
        cause: error,
      });
    }
  };
  return {
    read: (file) => {
      const content = attempt(file, (absolute) => readFileSync(absolute));
      if (content !== undefined && content.length > LARGEST) {
        throw new PkiError('ERR_READ', `"${file}" has more than ${LARGEST} octets`, {
          hint: `restore it from git: git checkout HEAD -- '${file}'`,
        });
      }
      return content;
    },
    list: (folder) => {
      const entries = attempt(folder, (absolute) => readdirSync(absolute, { withFileTypes: true }));
      return (entries ?? [])
        .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
        .sort();
    },
  };
}
