import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
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
      throw new PkiError('ERR_WRITE', `cannot stage "${file.path}"; nothing was written`, {
        cause: error,
      });
    }
    this.#files.push(file.path);
  }

  remove(file: TreePath): void {
    this.#remove.push(file);
  }

  get size(): number {
    return this.#files.length + this.#remove.length;
  }

  /** Puts everything into place. From here on the next run finishes it, whatever happens. */
  commit(): void {
    if (this.size === 0) return;
    mkdirSync(this.#folder, { recursive: true });
    const manifest: Manifest = { files: this.#files, remove: this.#remove };
    const draft = path.join(this.#folder, 'manifest.draft');
    writeFileSync(draft, JSON.stringify(manifest));
    const descriptor = openSync(draft, 'r+');
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(draft, this.#manifest);
    this.#apply(manifest);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Forgets everything staged; the tree is as it was. */
  discard(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #apply({ files, remove }: Manifest): void {
    const folders = new Set<string>();
    for (const [index, file] of files.entries()) {
      const staged = this.#staged(index);
      if (!existsSync(staged)) continue; // renamed before the run was cut off
      const target = path.join(this.#root, file);
      const folder = path.dirname(target);
      if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
      folders.add(folder);
      renameSync(staged, target);
    }
    for (const file of remove) {
      rmSync(path.join(this.#root, file), { force: true });
      this.#removeEmptyFolders(path.dirname(file));
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
    return JSON.parse(readFileSync(this.#manifest, 'utf8')) as Manifest;
  }

  #staged(index: number): string {
    return path.join(this.#folder, String(index));
  }

  get #manifest(): string {
    return path.join(this.#folder, 'manifest.json');
  }
}
