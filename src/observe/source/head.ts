import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { execa } from 'execa';
import { PkiError } from '../../errors.ts';
import { credentialPath, type CredentialPath } from '../../model/names.ts';

const KEYSET = /^([^/]+)\/pki\/([^/]+)\/keyset\.yaml$/u;

/** What git exits with where `rev-parse --verify --quiet` finds no such revision. */
const NO_REVISION = 1;

/**
 * The keysets in the tree of git's HEAD; none outside a repository, and before the first commit.
 *
 * @throws PkiError `ERR_READ` where there is a repository and git cannot tell: silence would let a lost authority pass for a new one.
 */
export async function keysetsOfHead(root: string, tree: string): Promise<Set<CredentialPath>> {
  if (!isInRepository(root)) return new Set();
  const head = await git(root, ['rev-parse', '--verify', '--quiet', 'HEAD^{tree}'], [NO_REVISION]);
  if (head === undefined) return new Set();
  const folder = `${(await git(root, ['rev-parse', '--show-prefix']))?.trim() ?? ''}${tree}/`;
  const list = ['ls-tree', '-r', '-z', '--name-only', '--full-tree', 'HEAD', folder];
  const names = (await git(root, list))?.split('\0') ?? [];
  return new Set(
    names.flatMap((name) => {
      const [, cluster, keyset] = KEYSET.exec(name.slice(folder.length)) ?? [];
      return cluster === undefined || keyset === undefined
        ? []
        : [credentialPath(cluster, null, keyset)];
    }),
  );
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
  absent: readonly number[] = [],
): Promise<string | undefined> {
  const { exitCode, stdout } = await execa('git', args, {
    cwd: root,
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => ALLOWED.test(name))),
    extendEnv: false,
    reject: false,
    stderr: 'ignore',
    maxBuffer: Infinity,
  });
  if (exitCode === 0) return stdout;
  if (exitCode !== undefined && absent.includes(exitCode)) return undefined;
  throw new PkiError('ERR_READ', `git cannot read this repository (git ${args[0] ?? ''})`, {
    hint: [
      "see what 'git status' says here, and that git is installed",
      "where the checkout belongs to another user: git config --global --add safe.directory '*'",
    ],
  });
}
