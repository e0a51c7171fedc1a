import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { execa } from 'execa';
import { PkiError } from '../../errors.ts';
import { credentialPath, type CredentialPath } from '../../model/names.ts';
import { layout } from '../../model/store/layout.ts';
import { NO_HEAD, type Head } from '../../model/store/ledger.ts';

const KEYSET = /^([^/]+)\/pki\/([^/]+)\/keyset\.yaml$/u;

/** What git exits with where `rev-parse --verify --quiet` finds no such revision. */
const NO_REVISION = 1;

/**
 * What the tree of git's HEAD holds of authorities; nothing outside a repository, and before the first commit.
 *
 * @throws PkiError `ERR_READ` where there is a repository and git cannot tell: silence would let a lost authority pass for a new one.
 */
export async function observeHead(root: string, tree: string): Promise<Head> {
  if (!isInRepository(root)) return NO_HEAD;
  const head = await git(root, ['rev-parse', '--verify', '--quiet', 'HEAD^{tree}'], {
    absent: [NO_REVISION],
  });
  if (head === undefined) return NO_HEAD;
  const prefix = text(await git(root, ['rev-parse', '--show-prefix'])).trim();
  const list = ['ls-tree', '-r', '-z', '--name-only', '--full-tree', 'HEAD', `${prefix}${tree}/`];
  const files = new Set(names(await git(root, list)).map((name) => name.slice(prefix.length)));
  const keysets = [...files].flatMap((file) => keysetOf(file, tree) ?? []);
  if (keysets.length === 0 && !files.has(layout.ledger(tree))) return NO_HEAD;
  const glob = `:(glob)${tree}/*/pki/*/keyset.yaml`;
  const differing = ['diff-index', '--name-only', '--relative', '-z', 'HEAD', '--', glob];
  const changed = names(await git(root, differing)).filter((file) => files.has(file));
  const contents = await readBlobs(root, [layout.ledger(tree), ...changed]);
  return {
    keysets: new Set(keysets),
    ledger: Buffer.from(contents.get(layout.ledger(tree)) ?? '').toString('utf8'),
    changed: new Map(
      changed.flatMap((file) => {
        const [path, content] = [keysetOf(file, tree), contents.get(file)];
        return path === undefined || content === undefined ? [] : [[path, content] as const];
      }),
    ),
  };
}

function keysetOf(file: string, tree: string): CredentialPath | undefined {
  const [, cluster, keyset] = KEYSET.exec(file.slice(tree.length + 1)) ?? [];
  return cluster === undefined || keyset === undefined
    ? undefined
    : credentialPath(cluster, null, keyset);
}

/** Files of HEAD, from the working directory; those that are not there are left out. */
async function readBlobs(
  root: string,
  files: readonly string[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const input = files.map((file) => `HEAD:./${file}\n`).join('');
  const output = (await git(root, ['cat-file', '--batch'], { input })) ?? Buffer.alloc(0);
  const contents = new Map<string, Uint8Array>();
  let at = 0;
  for (const file of files) {
    const end = output.indexOf('\n', at);
    const size = / blob (\d+)$/u.exec(output.toString('utf8', at, end))?.[1];
    at = end + 1;
    if (size === undefined) continue;
    contents.set(file, output.subarray(at, at + Number(size)));
    at += Number(size) + 1;
  }
  return contents;
}

function isInRepository(folder: string): boolean {
  if (existsSync(path.join(folder, '.git'))) return true;
  const parent = path.dirname(folder);
  return parent !== folder && isInRepository(parent);
}

/** What git may see: how to find itself, its configuration and the repository; no identity and no token. */
const ALLOWED =
  /^(?:PATH|HOME|USERPROFILE|HOMEDRIVE|HOMEPATH|SYSTEMROOT|XDG_CONFIG_HOME|TMPDIR|TEMP|TMP|GIT_(?:DIR|WORK_TREE|COMMON_DIR|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM|CONFIG\w*|EXEC_PATH))$/iu;

/** Standard output of git; undefined where it ends with one of `absent`. */
async function git(
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
  if (exitCode === 0) return Buffer.from(stdout);
  if (exitCode !== undefined && absent.includes(exitCode)) return undefined;
  throw new PkiError('ERR_READ', `git cannot read this repository (git ${args[0] ?? ''})`, {
    hint: [
      "see what 'git status' says here, and that git is installed",
      "where the checkout belongs to another user: git config --global --add safe.directory '*'",
    ],
  });
}

const text = (output: Buffer | undefined): string => output?.toString('utf8') ?? '';

/** Of a list that ends each name with a null octet. */
const names = (output: Buffer | undefined): string[] => text(output).split('\0').filter(Boolean);
