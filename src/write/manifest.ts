import { createHash } from 'node:crypto';
import path from 'node:path';
import type { TreePath } from '../model/names.ts';
import { STATE } from './state.ts';

/** What a run decided to write, in the order of its staged files `0`, `1`, … */
export interface Manifest {
  readonly files: readonly { readonly path: TreePath; readonly digest: string }[];
  readonly remove: readonly TreePath[];
}

/** Tells a file from an accident, not from an attack: half of SHA-256. */
export function digestOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('base64url').slice(0, 22);
}

/** Of a fleet's hundreds of thousands of files, in one text. */
const FILES_PER_PART = 1000;

/** The manifest as JSON, in parts: that of a large fleet would fill the memory twice. */
export function* manifestParts({ files, remove }: Manifest): Generator<string> {
  yield '{"files":[';
  for (let at = 0; at < files.length; at += FILES_PER_PART) {
    const part = files.slice(at, at + FILES_PER_PART).map((file) => JSON.stringify(file));
    yield `${at === 0 ? '' : ','}${part.join(',')}`;
  }
  yield `],"remove":${JSON.stringify(remove)}}`;
}

/** Undefined for what is not of our making: nobody else's may make a run write or remove files outside the repository. */
export function parseManifest(text: string): Manifest | undefined {
  try {
    const manifest: unknown = JSON.parse(text);
    return isManifest(manifest) ? manifest : undefined;
  } catch {
    return undefined;
  }
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  if (!('files' in value && 'remove' in value)) return false;
  const { files, remove } = value;
  return (
    Array.isArray(files) &&
    files.every(isFile) &&
    Array.isArray(remove) &&
    remove.every(isBelowRoot)
  );
}

function isFile(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('path' in value)) return false;
  return 'digest' in value && typeof value.digest === 'string' && isBelowRoot(value.path);
}

function isBelowRoot(file: unknown): boolean {
  return typeof file === 'string' && !path.isAbsolute(file) && isOpenPath(file);
}

/** Whether no part of a relative path leads up, into git's own folder or into ours, on file systems that fold case too. */
export function isOpenPath(file: string): boolean {
  return !file
    .toLowerCase()
    .split(/[\\/]/u)
    .some((part) => part === '' || part === '.' || part === '..' || CLOSED.has(part));
}

const CLOSED = new Set(['.git', 'git~1', STATE]);
