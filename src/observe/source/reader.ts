import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { PkiError } from '../../errors.ts';
import type { TreeReader } from '../../model/ports.ts';
import { restoreHints } from '../../model/store/restore.ts';

const ABSENT = new Set(['ENOENT', 'ENOTDIR']);

/** Larger files are not ours: the largest document that this product writes is some tens of kilobytes. */
const LARGEST = 4 * 1024 * 1024;

/**
 * A reader of the work tree below `root`. Synchronous: tens of thousands of small files are read one after the other. Files
 * that are links, and folders that lead out of it, are not followed: what they lead to could come into files that are committed.
 */
export function treeReader(root: string): TreeReader {
  const top = realpathSync.native(root);
  const checked = new Set<string>();
  const checkFolder = (folder: string): void => {
    if (checked.has(folder) || folder.startsWith('..')) return; // who leads up by name asked for it
    const real = path.relative(top, realpathSync.native(path.join(root, folder)));
    if (path.isAbsolute(real) || /^(?:\.\.|\.git)(?:[\\/]|$)/iu.test(real)) {
      throw new PkiError('ERR_READ', `"${folder}" leads out of the repository`, {
        hint: 'replace the symbolic link by the folder that it stands for',
      });
    }
    checked.add(folder);
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
        checkFolder(path.dirname(file));
        const status = lstatSync(absolute);
        const problem = status.isFile()
          ? status.size > LARGEST && `has more than ${LARGEST} octets`
          : status.isSymbolicLink()
            ? 'is a symbolic link'
            : 'is not a file'; // a device or a pipe would never end
        if (problem === false) return readFileSync(absolute);
        throw new PkiError('ERR_STORE', `"${file}" ${problem}`, {
          hint: restoreHints(file),
        });
      }),
    list: (folder) => {
      const entries = attempt(folder, (absolute) => {
        checkFolder(folder);
        return readdirSync(absolute, { withFileTypes: true });
      });
      return (entries ?? [])
        .map((entry) => {
          const isFolder = entry.isSymbolicLink()
            ? leadsToFolder(path.join(root, folder, entry.name))
            : entry.isDirectory();
          return isFolder ? `${entry.name}/` : entry.name;
        })
        .sort();
    },
  };
}

/** False for a link that leads nowhere or in a circle: reading it tells. */
function leadsToFolder(link: string): boolean {
  try {
    return statSync(link).isDirectory();
  } catch {
    return false;
  }
}
