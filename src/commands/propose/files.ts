import type { ProposedFile } from '../../propose/git/objects.ts';
import type { Sink } from '../pipeline/total.ts';

/** Fleet-level files beside the tree that the program writes. */
const BESIDE = new Set(['.sops.yaml', '.gitattributes']);

/** What a declaration could load: never taken from a branch. */
const CODE = /(?:^|\/)node_modules\/|(?:^|\/)package\.json$|\.(?:[cm]?[jt]sx?|node|wasm)$/iu;

/**
 * What a run writes, as files of the repository.
 *
 * @param prefix folder of the working directory in the repository, with a slash at its end, or nothing.
 */
export async function collectFiles(
  prefix: string,
  run: (sink: Sink) => Promise<unknown>,
): Promise<readonly ProposedFile[]> {
  const files = new Map<string, ProposedFile>();
  const put = (path: string, content: ProposedFile['content']): void => {
    files.set(path, { path: prefix + path, content });
  };
  await run({
    stage: ({ path, content }) => {
      put(path, content);
    },
    remove: (path) => {
      put(path, null);
    },
  });
  return [...files.values()];
}

/** Whether a file of the repository is one that the program writes, and no code. */
export function isGenerated(prefix: string, tree: string, path: string): boolean {
  const own = ownPath(prefix, path);
  if (own === null || CODE.test(path)) return false;
  return BESIDE.has(own) || own.startsWith(`${tree}/`);
}

/** From the working directory; null for a file that is not below it. */
export function ownPath(prefix: string, path: string): string | null {
  return path.startsWith(prefix) ? path.slice(prefix.length) : null;
}
