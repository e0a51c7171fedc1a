import { hash } from 'node:crypto';
import path from 'node:path';
import type { TreePath } from '../model/names.ts';
import { linesOf } from './lines.ts';
import { STATE } from './state.ts';

/** What a run decided to write. A fleet has hundreds of thousands of files: they are read anew each time they are walked. */
export interface Manifest {
  /** As they were staged. */
  readonly files: Iterable<ManifestFile>;
  readonly remove: readonly TreePath[];
}

export interface ManifestFile {
  readonly path: TreePath;
  readonly digest: string;
}

/** Tells a file from an accident, not from an attack: half of SHA-256. */
export function digestOf(content: string | Uint8Array): string {
  return hash('sha256', content, 'base64url').slice(0, 22);
}

/** A line of the manifest: a file to write, one to remove, or at the end the numbers of both. */
type Line =
  | ManifestFile
  | { readonly remove: TreePath }
  | { readonly files: number; readonly removals: number };

export function manifestLine(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

/** The files of a manifest that this run wrote, or that was read once. */
export function filesIn(file: string): Iterable<ManifestFile> {
  return {
    *[Symbol.iterator]() {
      for (const line of linesOf(file)) {
        const entry = JSON.parse(line) as Line;
        if ('path' in entry) yield entry;
      }
    },
  };
}

/** Undefined for what is not of our making: nobody else's may make a run write or remove files outside the repository. */
export function readManifest(file: string): Manifest | undefined {
  const remove: TreePath[] = [];
  let files = 0;
  let isWhole = false;
  try {
    for (const text of linesOf(file)) {
      const line = lineOf(JSON.parse(text));
      if (line === undefined || isWhole) return undefined;
      if ('path' in line) files += 1;
      else if ('remove' in line) remove.push(line.remove);
      else if (line.files === files && line.removals === remove.length) isWhole = true;
      else return undefined;
    }
  } catch {
    return undefined;
  }
  return isWhole ? { files: filesIn(file), remove } : undefined;
}

function lineOf(value: unknown): Line | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('path' in value)
    return 'digest' in value && typeof value.digest === 'string' && isBelowRoot(value.path)
      ? { path: value.path, digest: value.digest }
      : undefined;
  if ('remove' in value) return isBelowRoot(value.remove) ? { remove: value.remove } : undefined;
  if (!('files' in value && 'removals' in value)) return undefined;
  const { files, removals } = value;
  return typeof files === 'number' && typeof removals === 'number'
    ? { files, removals }
    : undefined;
}

function isBelowRoot(file: unknown): file is TreePath {
  return (
    typeof file === 'string' && !file.includes('\0') && !path.isAbsolute(file) && isOpenPath(file)
  );
}

/** Whether no part of a relative path leads up, into git's own folder or into ours, on file systems that fold case too. */
export function isOpenPath(file: string): boolean {
  return !file
    .toLowerCase()
    .split(/[\\/]/u)
    .some((part) => part === '' || part === '.' || part === '..' || CLOSED.has(part));
}

const CLOSED = new Set(['.git', 'git~1', STATE]);
