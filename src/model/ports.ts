import type { TreePath } from './names.ts';

/** Reads the tree. Paths are below it; what is not there is undefined or an empty list. */
export interface TreeReader {
  read(path: TreePath): Uint8Array | undefined;
  /** Names in a folder: files as they are, folders with a trailing slash; sorted. */
  list(path: TreePath): readonly string[];
}

/** Cryptographically secure random octets. */
export type RandomBytes = (size: number) => Uint8Array;
