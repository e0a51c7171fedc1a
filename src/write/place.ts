import {
  accessSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  type Stats,
} from 'node:fs';
import path from 'node:path';
import { PkiError } from '../errors.ts';
import { isOpenPath, type Manifest } from './manifest.ts';
import { codeOf } from './state.ts';

/** Staged files, in folders as the tree has them. */
export const stagedAt = (journal: string, file: string): string =>
  path.join(journal, 'files', file);

/**
 * Looks for all that would stop the writes halfway. Changes nothing.
 *
 * @throws PkiError `ERR_WRITE`; else an error of the file system.
 */
export function prepare(root: string, { files, remove }: Manifest): void {
  const going = new Set<string>(remove);
  const look = (place: string): Stats | undefined => statusOf(path.join(root, place));
  const missing = new Set<string>();
  const sound = new Set<string>();
  for (const folder of foldersOf(files)) {
    let nearest = folder;
    while (missing.has(nearest) || look(nearest) === undefined || going.has(nearest)) {
      // what is in the way goes first
      if (!going.has(nearest)) missing.add(nearest);
      nearest = path.dirname(nearest);
    }
    if (!sound.has(nearest)) checkFolder(root, nearest);
    sound.add(nearest);
  }
  for (const { path: file } of files) {
    const found = missing.has(path.dirname(file)) ? undefined : look(file);
    if (found?.isSymbolicLink() === true) {
      throw refused(file, 'is a symbolic link', 'replace it by the file that it stands for');
    }
    if (found?.isDirectory() !== true) continue;
    const inside = filesBelow(path.join(root, file));
    if (inside.length === 0 || inside.some((one) => !going.has(path.relative(root, one))))
      throw refused(file, 'is a folder', 'move it away and run the command again');
  }
  for (const file of remove) {
    if (look(file)?.isDirectory() !== true) continue;
    throw refused(file, 'is a folder', 'move it away and run the command again');
  }
  for (const folder of new Set(remove.map((file) => path.dirname(file)))) {
    if (look(folder) !== undefined) checkFolder(root, folder);
  }
}

/** Everything but folders. `recursive` of `readdir` follows links from Node 24 on, also those that lead in a circle. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const place = path.join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(place) : [place];
  });
}

function foldersOf(files: Manifest['files']): Set<string> {
  const folders = new Set<string>();
  for (const { path: file } of files) folders.add(path.dirname(file));
  return folders;
}

/** Of the place itself, links not followed; undefined also below what is a file. */
export function statusOf(place: string): Stats | undefined {
  try {
    return lstatSync(place, { throwIfNoEntry: false });
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** It can be written to, and is in the repository, links followed: neither outside nor in a folder of git or ours. */
function checkFolder(root: string, folder: string): void {
  const place = path.join(root, folder);
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw refused(folder, 'is not a folder', 'move it away and run the command again');
  }
  const real = path.relative(realpathSync(root), realpathSync(place));
  if (real !== '' && (path.isAbsolute(real) || !isOpenPath(real))) {
    throw refused(folder, 'leads out of the repository', 'replace the symbolic link by a folder');
  }
  accessSync(place, constants.W_OK | constants.X_OK);
}

function refused(place: string, what: string, hint: string): PkiError {
  return new PkiError('ERR_WRITE', `"${place}" ${what}; nothing was written`, { hint });
}

/**
 * Removes and renames what a manifest says, a folder that the tree does not have as a whole. Removals come first, and only while
 * nothing is renamed: where names fold case, a new file may have the name of an old one.
 */
export function apply(root: string, journal: string, { files, remove }: Manifest): void {
  removeFiles(root, remove);
  const folders = new Folders(root, journal);
  for (const { path: file } of files)
    if (!folders.bring(path.dirname(file))) move(stagedAt(journal, file), path.join(root, file));
}

/** What is left to do after a cut, file by file: in folders of a journal may be what is not of its manifest. */
export function applyRest(root: string, journal: string, { files, remove }: Manifest): void {
  if (remove.length > 0 && isUntouched(journal, files)) removeFiles(root, remove);
  for (const { path: file } of files) {
    const staged = stagedAt(journal, file);
    if (statusOf(staged) === undefined) continue;
    const target = path.join(root, file);
    mkdirSync(path.dirname(target), { recursive: true });
    move(staged, target);
  }
}

function removeFiles(root: string, remove: Manifest['remove']): void {
  for (const file of remove) {
    rmSync(path.join(root, file), { force: true });
    removeEmptyFolders(root, path.dirname(file));
  }
}

/** Folders of the tree, which are there or are put there. */
class Folders {
  readonly #root: string;
  readonly #journal: string;
  readonly #moved = new Set<string>();
  /** Files of one folder come one after the other. */
  #last: { readonly folder: string; readonly isMoved: boolean } | undefined;

  constructor(root: string, journal: string) {
    this.#root = root;
    this.#journal = journal;
  }

  /** Whether a folder was moved with all that is to be in it; else it is there. */
  bring(folder: string): boolean {
    if (this.#last?.folder !== folder)
      this.#last = { folder, isMoved: this.#isMoved(folder) || this.#move(folder) };
    return this.#last.isMoved;
  }

  #isMoved(folder: string): boolean {
    if (this.#moved.has(folder)) return true;
    return folder !== '.' && this.#isMoved(path.dirname(folder));
  }

  /** The first one that the tree does not have, from the root on. */
  #move(folder: string): boolean {
    let missing: string | undefined;
    for (let place = folder; this.#isMissing(place); place = path.dirname(place)) missing = place;
    if (missing === undefined) return false;
    try {
      renameSync(stagedAt(this.#journal, missing), path.join(this.#root, missing));
    } catch {
      // another file system
      mkdirSync(path.join(this.#root, folder), { recursive: true });
      return false;
    }
    this.#moved.add(missing);
    return true;
  }

  #isMissing(place: string): boolean {
    return statusOf(path.join(this.#root, place)) === undefined;
  }
}

/** Whether every file is staged still. */
function isUntouched(journal: string, files: Manifest['files']): boolean {
  for (const { path: file } of files)
    if (statusOf(stagedAt(journal, file)) === undefined) return false;
  return true;
}

/** How many files of a manifest are staged. */
export function countStaged(journal: string, files: Manifest['files']): number {
  let count = 0;
  for (const { path: file } of files)
    if (statusOf(stagedAt(journal, file)) !== undefined) count += 1;
  return count;
}

/** As a rename, also to another file system: the tree may be a mount. */
function move(staged: string, target: string): void {
  try {
    renameSync(staged, target);
    return;
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error;
  }
  const draft = path.join(path.dirname(target), `.${path.basename(target)}.cdk8s-pki`);
  rmSync(draft, { force: true });
  try {
    copyFileSync(staged, draft, constants.COPYFILE_EXCL);
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  rmSync(staged);
}

function removeEmptyFolders(root: string, folder: string): void {
  if (folder === '.' || folder === '') return;
  try {
    rmdirSync(path.join(root, folder));
  } catch {
    return; // not empty, or gone: both are fine
  }
  removeEmptyFolders(root, path.dirname(folder));
}
