import { lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PkiError } from '../errors.ts';

/** Journal and lock of a tree, below the folder that a run works in. */
export const STATE = '.cdk8s-pki';

const IGNORE_ALL = '*\n';

/**
 * The folder of journal and lock, made where it is missing; git never sees what is in it.
 *
 * @throws PkiError `ERR_WRITE` where it cannot be made, or is not a folder: files are deleted in it, so a link is not followed.
 */
export function openState(root: string): string {
  const state = path.join(root, STATE);
  try {
    mkdirSync(state, { recursive: true });
    if (!lstatSync(state).isDirectory()) throw notFolder();
    ignore(path.join(state, '.gitignore'));
  } catch (error) {
    if (error instanceof PkiError) throw error;
    const code = codeOf(error);
    if (code === 'EEXIST' || code === 'ENOTDIR') throw notFolder();
    throw new PkiError('ERR_WRITE', `cannot write to "${STATE}" (${code}); nothing was written`, {
      hint: 'the lock and the journal of a run are there: make the folder writable',
      cause: error,
    });
  }
  return state;
}

/** Written anew where it is anything else: a run may have been cut off in the midst of it. */
function ignore(file: string): void {
  const isThere = lstatSync(file, { throwIfNoEntry: false })?.isFile() === true;
  if (isThere && readFileSync(file, 'utf8') === IGNORE_ALL) return;
  rmSync(file, { force: true });
  try {
    writeFileSync(file, IGNORE_ALL, { flag: 'wx' });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error; // another run was faster
  }
}

function notFolder(): PkiError {
  return new PkiError('ERR_WRITE', `"${STATE}" is not a folder; nothing was written`, {
    hint: `remove it, it holds nothing of worth: rm '${STATE}'`,
  });
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
