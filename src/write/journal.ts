import {
  accessSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import path from 'node:path';
import { PkiError } from '../errors.ts';
import type { TreePath } from '../model/names.ts';
import type { TreeFile } from '../model/made/tree.ts';
import { Draft, MANIFEST } from './draft.ts';
import { digestOf, readManifest, type Manifest } from './manifest.ts';
import { apply, applyRest, countStaged, prepare, stagedAt, statusOf } from './place.ts';
import { STATE } from './state.ts';

const PREFIX = 'journal-';

/**
 * All-or-nothing writes: files are staged beside the tree (public text and SOPS documents only), then a manifest is put into place
 * in one rename, then each file, or the folder that is new with all its files, is renamed to where it belongs. A run that was cut off
 * before the manifest is discarded; after it, it is finished. Neither needs an identity. No fsync per file: only the manifest, which
 * decides, is synced.
 */
export class Journal {
  readonly #root: string;
  readonly #state: string;
  /** Of this run alone: should another one take over, neither finds files of the other among its own. */
  #folder: string | undefined;
  #draft: Draft | undefined;
  #files = 0;
  /** That was made last: files of one folder come one after the other. */
  #parent = '';
  readonly #remove: TreePath[] = [];
  #isDiscarded = false;

  constructor(root: string, state: string) {
    this.#root = root;
    this.#state = state;
  }

  stage({ path: file, content }: TreeFile): void {
    this.#refuseDiscarded();
    try {
      const { folder, draft } = this.#begin();
      const place = stagedAt(folder, file);
      const parent = path.dirname(place);
      if (parent !== this.#parent) {
        accessSync(stagedAt(folder, '')); // dropped meanwhile, it is not made anew
        mkdirSync(parent, { recursive: true });
      }
      this.#parent = parent;
      writeFileSync(place, content, { flag: 'wx' });
      draft.add({ path: file, digest: digestOf(content) });
    } catch (error) {
      throw writeError('nothing was written', error);
    }
    this.#files += 1;
  }

  #begin(): { readonly folder: string; readonly draft: Draft } {
    const folder = (this.#folder ??= newFolder(this.#state));
    return { folder, draft: (this.#draft ??= new Draft(folder, this.#remove)) };
  }

  remove(file: TreePath): void {
    this.#remove.push(file);
  }

  get size(): number {
    return this.#files + this.#remove.length;
  }

  /**
   * Puts everything into place. What would be in the way is found first, while nothing is written; from then on the next run
   * finishes it, whatever happens.
   *
   * @throws PkiError `ERR_WRITE`, which says whether anything was written.
   */
  commit(): void {
    this.#refuseDiscarded();
    if (this.size === 0) return;
    let folder: string;
    let manifest: Manifest;
    try {
      const begun = this.#begin();
      folder = begun.folder;
      const drafted = begun.draft.finish();
      // else a folder would be put into place without them
      if (countStaged(folder, drafted.files) !== this.#files) throw droppedError(folder);
      prepare(this.#root, drafted);
      manifest = begun.draft.decide();
    } catch (error) {
      this.discard();
      throw error instanceof PkiError ? error : writeError('nothing was written', error);
    }
    carryOut(this.#root, folder, manifest, apply);
  }

  /** Forgets everything staged; the tree is as it was. */
  discard(): void {
    try {
      if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    } catch {
      // The next run discards it: it has no manifest.
    }
    this.#isDiscarded = true;
  }

  /** After an interrupt the run goes on for a moment, until the signal ends the process. */
  #refuseDiscarded(): void {
    if (!this.#isDiscarded) return;
    throw new PkiError('ERR_WRITE', 'the run was interrupted; nothing was written', {
      hint: 'run the command again',
    });
  }
}

function droppedError(folder: string): PkiError {
  return new PkiError('ERR_WRITE', `somebody removed files of "${folder}"; nothing was written`, {
    hint: 'leave the journal alone while a run is at work, and run the command again',
  });
}

function newFolder(state: string): string {
  const folder = mkdtempSync(path.join(state, PREFIX));
  mkdirSync(stagedAt(folder, ''));
  return folder;
}

/**
 * Finishes or discards what earlier runs left. Needs the lock, and no identity.
 *
 * @throws PkiError `ERR_JOURNAL` where it cannot be told how the tree should be; nothing is changed then.
 */
export function recover(root: string, state: string): 'nothing' | 'discarded' | 'finished' {
  let done: ReturnType<typeof recover> = 'nothing';
  for (const folder of journalsOf(state)) {
    const manifest = manifestOf(folder);
    if (manifest !== undefined) {
      check(root, folder, manifest);
      try {
        prepare(root, manifest);
      } catch (error) {
        throw error instanceof PkiError ? error : writeError('the tree is as it was', error);
      }
      carryOut(root, folder, manifest, applyRest);
      done = 'finished';
    } else {
      clear(folder, 'nothing was written');
      if (done === 'nothing') done = 'discarded';
    }
  }
  return done;
}

/** Whether a run was cut off, or is at work, between its first and its last file: the tree is of no one declaration. */
export function isHalfWritten(root: string): boolean {
  return journalsOf(path.join(root, STATE)).some((folder) => hasManifest(folder));
}

function journalsOf(state: string): string[] {
  let names: string[];
  try {
    names = readdirSync(state);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.startsWith(PREFIX))
    .sort()
    .map((name) => path.join(state, name));
}

function hasManifest(folder: string): boolean {
  const status = lstatSync(folder, { throwIfNoEntry: false });
  if (status?.isDirectory() !== true) return false;
  return lstatSync(path.join(folder, MANIFEST), { throwIfNoEntry: false }) !== undefined;
}

function manifestOf(folder: string): Manifest | undefined {
  if (!hasManifest(folder)) return undefined;
  const file = path.join(folder, MANIFEST);
  const manifest = lstatSync(file).isFile() ? readManifest(file) : undefined;
  if (manifest !== undefined) return manifest;
  throw journalError('the journal of a run that was cut off cannot be read', folder);
}

function carryOut(root: string, folder: string, manifest: Manifest, work: typeof apply): void {
  try {
    work(root, folder, manifest);
  } catch (error) {
    throw writeError('some files are in place, the next run writes the rest', error);
  }
  clear(folder, 'all files of the tree are in place');
}

function clear(folder: string, outcome: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    throw writeError(outcome, error);
  }
}

/**
 * Each file must be there, staged or in place, as it was decided: somebody may have reset the tree since, or the machine may have
 * crashed before the files were on its disk. The rest of them would then make a tree of two halves. What is staged must be ours:
 * a journal of somebody else's may not have files moved here that are elsewhere.
 */
function check(root: string, folder: string, { files }: Manifest): void {
  const real = realpathSync(folder);
  for (const { path: file, digest } of files) {
    const staged = stagedAt(folder, file);
    let found: Stats | undefined;
    try {
      found = statusOf(staged);
    } catch (error) {
      throw journalError(`"${file}" of a run that was cut off cannot be read`, folder, error);
    }
    const isOwn =
      found?.isFile() === true && realpathSync(staged) === path.resolve(real, stagedAt('', file));
    if (found !== undefined && !isOwn)
      throw journalError(`"${file}" of a run that was cut off is no file of its journal`, folder);
    const content = read(isOwn ? staged : path.join(root, file));
    if (content === undefined || digestOf(content) !== digest)
      throw journalError('the tree was changed after a run was cut off in the midst of it', folder);
  }
}

function journalError(message: string, folder: string, cause?: unknown): PkiError {
  return new PkiError('ERR_JOURNAL', message, {
    cause,
    hint: [
      "take the tree of the last commit, as 'git status' and 'git checkout HEAD -- FOLDER' do",
      `then drop the journal and run the command again: rm -r '${folder}'`,
    ],
  });
}

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

function writeError(outcome: string, cause: unknown): PkiError {
  const { code = 'unknown', path: place = '' } = cause as NodeJS.ErrnoException;
  const where = place === '' ? '' : ` "${place}"`;
  return new PkiError('ERR_WRITE', `cannot write${where} (${code}); ${outcome}`, {
    hint: 'see that the folder is writable and the disk has room, and run the command again',
    cause,
  });
}
