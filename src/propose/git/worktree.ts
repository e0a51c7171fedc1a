import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { git } from './program.ts';
import type { ProposedFile } from './objects.ts';

/** A commit checked out in a temporary folder, beside the user's checkout and not in it. */
export interface Worktree {
  /** The counterpart of the folder that the command runs in. */
  readonly cwd: string;
  /** Runs with some files replaced or deleted; paths are from the root of the repository. */
  with: <T>(files: readonly ProposedFile[], work: () => Promise<T>) => Promise<T>;
}

/**
 * Checks a commit out for the time of `work`. Packages are those of the user's checkout, by links.
 *
 * @param folder the working directory of the command, somewhere in the repository.
 */
export async function withWorktree<T>(
  folder: string,
  commit: string,
  onCleanUp: (cleanUp: () => void) => () => void,
  work: (worktree: Worktree) => Promise<T>,
): Promise<T> {
  const root = realpathSync(await line(folder, ['rev-parse', '--show-toplevel']));
  const prefix = await line(folder, ['rev-parse', '--show-prefix']);
  const temporary = realpathSync(mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-')));
  const checkout = path.join(temporary, 'checkout');
  const removeFolder = (): void => {
    rmSync(temporary, { recursive: true, force: true });
  };
  const done = onCleanUp(removeFolder);
  try {
    await git(folder, ['worktree', 'add', '--quiet', '--detach', checkout, commit]);
    linkPackages(root, checkout, prefix);
    const cwd = path.join(checkout, prefix);
    mkdirSync(cwd, { recursive: true });
    return await work({ cwd, with: (files, use) => withFiles(checkout, files, use) });
  } finally {
    await git(folder, ['worktree', 'remove', '--force', checkout], { absent: [128] });
    removeFolder();
    done();
  }
}

/** `node_modules` of the working directory and of all folders above it, up to the root. */
function linkPackages(root: string, checkout: string, prefix: string): void {
  const parts = prefix.split('/').filter(Boolean);
  for (let depth = 0; depth <= parts.length; depth += 1) {
    const modules = path.join(...parts.slice(0, depth), 'node_modules');
    const [from, to] = [path.join(root, modules), path.join(checkout, modules)];
    if (!existsSync(from) || existsSync(to)) continue;
    mkdirSync(path.dirname(to), { recursive: true });
    symlinkSync(realpathSync(from), to, 'junction');
  }
}

async function withFiles<T>(
  checkout: string,
  files: readonly ProposedFile[],
  work: () => Promise<T>,
): Promise<T> {
  const before = files.map(({ path: file }) => ({
    file,
    content: read(path.join(checkout, file)),
  }));
  try {
    for (const { path: file, content } of files) put(path.join(checkout, file), content);
    return await work();
  } finally {
    for (const { file, content } of before) put(path.join(checkout, file), content);
  }
}

function read(file: string): Buffer | null {
  return lstatSync(file, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(file) : null;
}

function put(file: string, content: string | Uint8Array | null): void {
  rmSync(file, { force: true });
  if (content === null) return;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

async function line(folder: string, args: readonly string[]): Promise<string> {
  return ((await git(folder, args))?.toString('utf8') ?? '').replace(/\n$/u, '');
}
