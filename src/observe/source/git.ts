import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { execa } from 'execa';
import { PkiError } from '../../errors.ts';

/** What git may see: how to find itself, its configuration and the repository; no identity and no token. */
const ALLOWED =
  /^(?:PATH|HOME|USERPROFILE|HOMEDRIVE|HOMEPATH|SYSTEMROOT|XDG_CONFIG_HOME|TMPDIR|TEMP|TMP|GIT_(?:DIR|WORK_TREE|COMMON_DIR|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM|CONFIG\w*|EXEC_PATH))$/iu;

/** Standard output of git; undefined where it ends with one of `absent`. */
export async function git(
  root: string,
  args: readonly string[],
  {
    absent = [],
    input = '',
  }: { readonly absent?: readonly number[]; readonly input?: string } = {},
): Promise<Buffer | undefined> {
  const { exitCode, stdout } = await execa('git', args, {
    cwd: root,
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => ALLOWED.test(name))),
    extendEnv: false,
    reject: false,
    input,
    stderr: 'ignore',
    maxBuffer: Infinity,
    encoding: 'buffer',
    stripFinalNewline: false,
  });
  if (exitCode === 0) return Buffer.from(stdout.buffer, stdout.byteOffset, stdout.byteLength);
  if (exitCode !== undefined && absent.includes(exitCode)) return undefined;
  throw new PkiError('ERR_READ', `git cannot read this repository (git ${args[0] ?? ''})`, {
    hint: [
      "see what 'git status' says here, and that git is installed",
      "where the checkout belongs to another user: git config --global --add safe.directory '*'",
    ],
  });
}

export function isInRepository(folder: string): boolean {
  if (existsSync(path.join(folder, '.git'))) return true;
  const parent = path.dirname(folder);
  return parent !== folder && isInRepository(parent);
}

/** How many folders a folder is below the root of its repository; 0 outside of one. */
export async function depthBelowRoot(folder: string): Promise<number> {
  if (!isInRepository(folder)) return 0;
  const prefix = text(await git(folder, ['rev-parse', '--show-prefix'])).replace(/\n$/u, '');
  return prefix.split('/').length - 1;
}

/** Contents of objects, by the words that name them, one a line; those that are not there, or are no files, are left out. */
export async function readBlobs(
  root: string,
  objects: readonly string[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>();
  if (objects.length === 0) return contents;
  const input = objects.map((object) => `${object}\n`).join('');
  const output = (await git(root, ['cat-file', '--batch'], { input })) ?? Buffer.alloc(0);
  let at = 0;
  for (const object of objects) {
    const end = output.indexOf('\n', at);
    const size = / blob (\d+)$/u.exec(output.toString('utf8', at, end))?.[1];
    at = end + 1;
    if (size === undefined) continue;
    contents.set(object, output.subarray(at, at + Number(size)));
    at += Number(size) + 1;
  }
  return contents;
}

/** The commit that a revision means; undefined where there is none, and outside of a repository. */
export async function commitOf(root: string, revision: string): Promise<string | undefined> {
  if (!isInRepository(root)) return undefined;
  const parse = ['rev-parse', '--verify', '--quiet', `${revision}^{commit}`];
  return text(await git(root, parse, { absent: [NOTHING] })).trim() || undefined;
}

/** What git exits with where it finds nothing. */
export const NOTHING = 1;

export const WHOLE_HISTORY =
  'get the whole history: git fetch --unshallow; in CI fetch-depth: 0 or GIT_DEPTH: 0';

/** Whether a repository has no more than a part of its history. */
export async function isShallow(root: string): Promise<boolean> {
  if (!isInRepository(root)) return false;
  return text(await git(root, ['rev-parse', '--is-shallow-repository'])).trim() === 'true';
}

/** @throws PkiError `ERR_READ` in a shallow clone, which has no more than a part of the history and so cannot tell `what` */
export async function requireHistory(root: string, what: string): Promise<void> {
  if (!(await isShallow(root))) return;
  throw new PkiError('ERR_READ', `this clone is shallow: git cannot tell ${what}`, {
    hint: WHOLE_HISTORY,
  });
}

export const text = (output: Buffer | undefined): string => output?.toString('utf8') ?? '';

/** Of a list that ends each name with a null octet. */
export const names = (output: Buffer | undefined): string[] =>
  text(output).split('\0').filter(Boolean);
