import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { PkiError } from '../errors.ts';
import type { TreePath } from '../model/names.ts';
import type { TreeFile } from '../model/made/tree.ts';

interface Manifest {
  /** Targets in the order of the staged files `0`, `1`, … */
  readonly files: readonly TreePath[];
  readonly remove: readonly TreePath[];
}

/**
 * All-or-nothing writes: files are staged beside the tree (public text and SOPS documents only), then a manifest is put into place
 * in one rename, then each file is renamed to where it belongs. A run that was cut off before the manifest is discarded; after it,
 * it is finished. Neither needs an identity. No fsync per file: only the manifest, which decides, is synced.
 */
export class Journal {
  readonly #root: string;
  readonly #folder: string;
  readonly #files: TreePath[] = [];
  readonly #remove: TreePath[] = [];

  constructor(root: string, state: string) {
    this.#root = root;
    this.#folder = path.join(state, 'journal');
  }

  /** Finishes or discards what an earlier run left. Returns what was done. */
  recover(): 'nothing' | 'discarded' | 'finished' {
    if (!existsSync(this.#folder)) return 'nothing';
    const manifest = this.#readManifest();
    if (manifest !== undefined) this.#apply(manifest);
    rmSync(this.#folder, { recursive: true, force: true });
    return manifest === undefined ? 'discarded' : 'finished';
  }

  stage(file: TreeFile): void {
    try {
      if (this.#files.length === 0) mkdirSync(this.#folder, { recursive: true });
      writeFileSync(this.#staged(this.#files.length), file.content);
    } catch (error) {
      throw writeError('nothing was written', error);
    }
    this.#files.push(file.path);
  }

  remove(file: TreePath): void {
    this.#remove.push(file);
  }

  get size(): number {
    return this.#files.length + this.#remove.length;
  }

  /**
   * Puts everything into place. What would be in the way is found first, while nothing is written; from then on the next run
   * finishes it, whatever happens.
   *
   * @throws PkiError `ERR_WRITE`, which says whether anything was written.
   */
  commit(): void {
    if (this.size === 0) return;
    const manifest: Manifest = { files: this.#files, remove: this.#remove };
    try {
      this.#prepare(manifest);
      this.#decide(manifest);
    } catch (error) {
      this.discard();
      throw error instanceof PkiError ? error : writeError('nothing was written', error);
    }
    this.#apply(manifest);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Makes the folders, and looks for what would stop a rename halfway. */
  #prepare({ files, remove }: Manifest): void {
    const root = realpathSync(this.#root);
    for (const folder of new Set(files.map((file) => path.dirname(this.#target(file))))) {
      mkdirSync(folder, { recursive: true });
      accessSync(folder, constants.W_OK);
      this.#checkInside(root, folder);
    }
    for (const file of files) {
      if (statSync(this.#target(file), { throwIfNoEntry: false })?.isDirectory() !== true) continue;
      throw new PkiError('ERR_WRITE', `"${file}" is a folder; nothing was written`, {
        hint: 'move it away and run the command again',
      });
    }
    for (const folder of new Set(remove.map((file) => path.dirname(this.#target(file))))) {
      if (!existsSync(folder)) continue;
      accessSync(folder, constants.W_OK);
      this.#checkInside(root, folder);
    }
  }

  #checkInside(root: string, folder: string): void {
    const real = path.relative(root, realpathSync(folder));
    if (real !== '..' && !real.startsWith(`..${path.sep}`) && !path.isAbsolute(real)) return;
    const name = path.relative(this.#root, folder);
    throw new PkiError('ERR_WRITE', `"${name}" leads out of the repository; nothing was written`, {
      hint: 'replace the symbolic link by a folder',
    });
  }

  /** After this the writes count as done. */
  #decide(manifest: Manifest): void {
    mkdirSync(this.#folder, { recursive: true });
    const draft = path.join(this.#folder, 'manifest.draft');
    writeFileSync(draft, JSON.stringify(manifest));
    const descriptor = openSync(draft, 'r+');
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(draft, this.#manifest);
  }

  /** Forgets everything staged; the tree is as it was. */
  discard(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #apply({ files, remove }: Manifest): void {
    const folders = new Set<string>();
    try {
      for (const [index, file] of files.entries()) {
        const staged = this.#staged(index);
        if (!existsSync(staged)) continue; // renamed before the run was cut off
        const folder = path.dirname(this.#target(file));
        if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
        folders.add(folder);
        renameSync(staged, this.#target(file));
      }
      for (const file of remove) {
        rmSync(this.#target(file), { force: true });
        this.#removeEmptyFolders(path.dirname(file));
      }
    } catch (error) {
      throw writeError('some files are in place, the next run writes the rest', error);
    }
  }

  #removeEmptyFolders(folder: string): void {
    if (folder === '.' || folder === '') return;
    try {
      rmdirSync(path.join(this.#root, folder));
    } catch {
      return; // not empty, or gone: both are fine
    }
    this.#removeEmptyFolders(path.dirname(folder));
  }

  #readManifest(): Manifest | undefined {
    if (!existsSync(this.#manifest)) return undefined;
    let manifest: unknown;
    try {
      manifest = JSON.parse(readFileSync(this.#manifest, 'utf8'));
    } catch {
      manifest = undefined;
    }
    if (isManifest(manifest)) return manifest;
    throw new PkiError('ERR_JOURNAL', 'the journal of a run that was cut off cannot be read', {
      hint: `remove it, compare with 'git status', and run the command again: rm -r '${this.#folder}'`,
    });
  }

  #target(file: TreePath): string {
    return path.join(this.#root, file);
  }

  #staged(index: number): string {
    return path.join(this.#folder, String(index));
  }

  get #manifest(): string {
    return path.join(this.#folder, 'manifest.json');
  }
}

/** A manifest of ours: nobody else's may make a run write or remove files outside the repository. */
function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  if (!('files' in value) || !('remove' in value)) return false;
  return [value.files, value.remove].every(
    (list: unknown) => Array.isArray(list) && list.every(isBelowRoot),
  );
}

function isBelowRoot(file: unknown): boolean {
  return (
    typeof file === 'string' &&
    !path.isAbsolute(file) &&
    !file
      .split(/[\\/]/u)
      .some((part) => part === '' || part === '.' || part === '..' || part === '.git')
  );
}

function writeError(outcome: string, cause: unknown): PkiError {
  const { code = 'unknown', path: place = '' } = cause as NodeJS.ErrnoException;
  const where = place === '' ? '' : ` "${place}"`;
  return new PkiError('ERR_WRITE', `cannot write${where} (${code}); ${outcome}`, {
    hint: 'see that the folder is writable and the disk has room, and run the command again',
    cause,
  });
}
