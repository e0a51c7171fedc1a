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

/**
 * Makes the folders of what is to be written, and looks for all that would stop it halfway.
 *
 * @param made told of each folder that was made.
 * @throws PkiError `ERR_WRITE`; else an error of the file system.
 */
export function prepare(
  root: string,
  { files, remove }: Manifest,
  made: (folder: string) => void,
): void {
  const going = new Set<string>(remove);
  const look = (place: string): Stats | undefined => statusOf(path.join(root, place));
  const empty = new Set<string>();
  const sound = new Set<string>();
  for (const folder of foldersOf(files)) {
    let nearest = folder;
    let isBlocked = false;
    while (!sound.has(nearest) && (look(nearest) === undefined || going.has(nearest))) {
      isBlocked ||= going.has(nearest);
      nearest = path.dirname(nearest);
    }
    if (!sound.has(nearest)) checkFolder(root, nearest);
    sound.add(nearest);
    // What is in the way goes first.
    if (isBlocked || mkdirSync(path.join(root, folder), { recursive: true }) === undefined)
      continue;
    made(folder);
    empty.add(folder);
    for (let own = folder; own !== nearest; own = path.dirname(own)) sound.add(own);
  }
  for (const { path: file } of files) {
    const found = empty.has(path.dirname(file)) ? undefined : look(file);
    if (found?.isSymbolicLink() === true) {
      throw refused(file, 'is a symbolic link', 'replace it by the file that it stands for');
    }
    if (found?.isDirectory() !== true) continue;
    const stays = filesBelow(path.join(root, file)).some(
      (inside) => !going.has(path.relative(root, inside)),
    );
    if (stays) throw refused(file, 'is a folder', 'move it away and run the command again');
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
function statusOf(place: string): Stats | undefined {
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
 * Removes and renames what a manifest says; done again after a cut, it does the rest. Removals come first, and only while
 * nothing is renamed: where names fold case, a new file may have the name of an old one.
 */
export function apply(root: string, journal: string, { files, remove }: Manifest): void {
  if (remove.length > 0 && isUntouched(journal, files)) {
    for (const file of remove) {
      rmSync(path.join(root, file), { force: true });
      removeEmptyFolders(root, path.dirname(file));
    }
  }
  let index = 0;
  for (const { path: file } of files) {
    const staged = path.join(journal, String(index));
    const target = path.join(root, file);
    index += 1;
    try {
      move(staged, target);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      if (statusOf(staged) === undefined) continue; // in place since before a cut
      mkdirSync(path.dirname(target), { recursive: true });
      move(staged, target);
    }
  }
}

/** Whether every file is staged still. */
function isUntouched(journal: string, files: Manifest['files']): boolean {
  let count = 0;
  for (const { path: file } of files) {
    if (file === '' || statusOf(path.join(journal, String(count))) === undefined) return false;
    count += 1;
  }
  return true;
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

export function removeEmptyFolders(root: string, folder: string): void {
  if (folder === '.' || folder === '') return;
  try {
    rmdirSync(path.join(root, folder));
  } catch {
    return; // not empty, or gone: both are fine
  }
  removeEmptyFolders(root, path.dirname(folder));
}
