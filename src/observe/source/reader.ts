import { readdirSync, readFileSync, statSync } from 'node:fs';
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
      if (error instanceof PkiError) throw error;
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (typeof code === 'string' && ABSENT.has(code)) return undefined;
      throw new PkiError('ERR_READ', `cannot read "${file}": ${String(code ?? error)}`, {
        cause: error,
      });
    }
  };
  return {
    read: (file) =>
      attempt(file, (absolute) => {
        const status = statSync(absolute);
        const problem = status.isFile()
          ? status.size > LARGEST && `has more than ${LARGEST} octets`
          : 'is not a file'; // a device or a pipe would never end
        if (problem === false) return readFileSync(absolute);
        throw new PkiError('ERR_READ', `"${file}" ${problem}`, {
          hint: `restore it from git: git checkout HEAD -- '${file}'`,
        });
      }),
    list: (folder) => {
      const entries = attempt(folder, (absolute) => readdirSync(absolute, { withFileTypes: true }));
      return (entries ?? [])
        .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
        .sort();
    },
  };
}
