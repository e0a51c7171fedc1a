import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import path from 'node:path';
import { PkiError } from '../../errors.ts';

/** For its owner alone. */
export const PRIVATE_MODE = 0o600;
const PRIVATE_FOLDER_MODE = 0o700;

export interface NewFile {
  /** From the root, or absolute. */
  readonly path: string;
  readonly content: string;
  /** @default - as the umask says */
  readonly mode?: typeof PRIVATE_MODE;
}

/**
 * Writes files that are not there yet, and takes back what it wrote where one fails.
 *
 * @param identity written first.
 * @throws PkiError `ERR_WRITE` where one is there, before anything is written; where one cannot be written.
 */
export function writeNew(
  root: string,
  files: readonly NewFile[],
  identity: NewFile | undefined,
): void {
  if (identity !== undefined && statusOf(identity.path) !== undefined) {
    throw new PkiError('ERR_WRITE', `"${identity.path}" exists already; nothing was written`, {
      hint: 'leave out --identity: the recipient of an identity in that file is declared',
    });
  }
  const taken = files.filter((file) => isTaken(root, file.path));
  if (taken.length > 0) {
    throw new PkiError(
      'ERR_WRITE',
      `${taken.length === 1 ? '1 file exists' : `${taken.length} files exist`} already; nothing was written`,
      {
        details: taken.map((file) => file.path),
        hint: 'run it in an empty folder, or move these files away and merge them afterwards',
      },
    );
  }
  const undo: (() => void)[] = [];
  try {
    for (const file of identity === undefined ? files : [identity, ...files])
      writeOne(path.resolve(root, file.path), file, undo);
  } catch (error) {
    for (const step of undo.reverse()) step();
    const { code = 'an error', path: place = root } = error as NodeJS.ErrnoException;
    throw new PkiError('ERR_WRITE', `cannot write "${place}": ${code}; nothing was written`, {
      hint: 'see that the folder is yours to write to',
      cause: error,
    });
  }
}

/** Something is there, or on the way there is what is no folder: a link could lead anywhere. */
function isTaken(root: string, file: string): boolean {
  const parts = file.split('/');
  return parts.some((_, index) => {
    const found = statusOf(path.join(root, ...parts.slice(0, index + 1)));
    return found !== undefined && (index === parts.length - 1 || !found.isDirectory());
  });
}

/** Of the place itself, links not followed; undefined also below what is a file. */
function statusOf(place: string): Stats | undefined {
  try {
    return lstatSync(place, { throwIfNoEntry: false });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** @param undo gets the steps that take it back. */
function writeOne(place: string, { content, mode }: NewFile, undo: (() => void)[]): void {
  const folderMode = mode === undefined ? {} : { mode: PRIVATE_FOLDER_MODE };
  const made = mkdirSync(path.dirname(place), { recursive: true, ...folderMode });
  if (made !== undefined)
    undo.push(() => {
      rmSync(made, { recursive: true, force: true });
    });
  const descriptor = openSync(place, 'wx', mode);
  undo.push(() => {
    rmSync(place, { force: true });
  });
  try {
    writeFileSync(descriptor, content);
  } finally {
    closeSync(descriptor);
  }
}
