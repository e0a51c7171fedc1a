import { appendFileSync, closeSync, fsyncSync, openSync, renameSync } from 'node:fs';
import path from 'node:path';
import type { TreePath } from '../model/names.ts';
import { filesIn, manifestLine, type Manifest, type ManifestFile } from './manifest.ts';

export const MANIFEST = 'manifest.jsonl';

const DRAFT = 'manifest.draft';

/** Lines that wait to be written together. */
const MOST_WAITING = 1000;

/** The manifest of a run while it grows: on the disk, since that of a large fleet would fill the memory. */
export class Draft {
  readonly #folder: string;
  readonly #remove: readonly TreePath[];
  #waiting: string[] = [];
  #files = 0;

  /** @param remove what is to be removed by the time of `finish`. */
  constructor(folder: string, remove: readonly TreePath[]) {
    this.#folder = folder;
    this.#remove = remove;
  }

  get #file(): string {
    return path.join(this.#folder, DRAFT);
  }

  add(file: ManifestFile): void {
    this.#waiting.push(manifestLine(file));
    this.#files += 1;
    if (this.#waiting.length >= MOST_WAITING) this.#flush();
  }

  /** Writes the rest; what it says counts for nothing yet. */
  finish(): Manifest {
    const remove = this.#remove;
    for (const file of remove) this.#waiting.push(manifestLine({ remove: file }));
    this.#waiting.push(manifestLine({ files: this.#files, removals: remove.length }));
    this.#flush();
    return { files: filesIn(this.#file), remove };
  }

  /** After this the writes count as done. */
  decide(): Manifest {
    const descriptor = openSync(this.#file, 'r+');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    const file = path.join(this.#folder, MANIFEST);
    renameSync(this.#file, file);
    return { files: filesIn(file), remove: this.#remove };
  }

  #flush(): void {
    appendFileSync(this.#file, this.#waiting.join(''));
    this.#waiting = [];
  }
}
