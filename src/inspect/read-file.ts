import { readdirSync, readFileSync, statSync } from 'node:fs';
import { PkiError } from '../errors.ts';

const ABSENT = new Set(['ENOENT', 'ENOTDIR']);

/** Far more than any bundle or kubeconfig has. */
const LARGEST = 4 * 1024 * 1024;

/**
 * The text of a file, undefined where there is none.
 *
 * @throws PkiError `ERR_READ`, also for a folder, a device or a pipe, which would never end, and a file that is too large.
 */
export function readFile(file: string): string | undefined {
  return attempt(file, () => {
    const status = statSync(file);
    if (!status.isFile()) throw new PkiError('ERR_READ', `"${file}" is not a file`);
    if (status.size > LARGEST) {
      throw new PkiError('ERR_READ', `"${file}" has more than ${LARGEST} octets`);
    }
    return readFileSync(file, 'utf8');
  });
}

/** Names in a folder, sorted; none where there is no such folder. */
export function listFolder(folder: string): readonly string[] {
  return attempt(folder, () => readdirSync(folder).sort()) ?? [];
}

/** Whether there is something of this name, readable or not. */
export function exists(file: string): boolean {
  return attempt(file, () => statSync(file, { throwIfNoEntry: false })) !== undefined;
}

function attempt<T>(file: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof PkiError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (ABSENT.has(code)) return undefined;
    throw new PkiError('ERR_READ', `cannot read "${file}": ${code}`, {
      ...(code === 'EACCES' && { hint: 'run it as a user who may read the folder, mostly root' }),
      cause: error,
    });
  }
}
