import { git, isInRepository, text } from '../../observe/source/git.ts';

const MISSING = [1, 2, 128];

/** The URL of the remote `origin`; empty where there is none. */
export async function originUrl(cwd: string): Promise<string> {
  return line(cwd, ['config', '--get', 'remote.origin.url']);
}

/** The branch that pull requests go to: of the remote, as far as this clone knows it, else the one checked out. */
export async function baseBranch(cwd: string): Promise<string> {
  const remote = await line(cwd, ['symbolic-ref', '--short', 'refs/remotes/origin/HEAD']);
  const branch =
    remote.replace(/^origin\//u, '') || (await line(cwd, ['symbolic-ref', '--short', 'HEAD']));
  // what is more than a plain name would need quotes where it is written
  return /^[A-Za-z][\w./-]*$/u.test(branch) ? branch : 'main';
}

async function line(cwd: string, args: readonly string[]): Promise<string> {
  if (!isInRepository(cwd)) return '';
  return text(await git(cwd, args, { absent: MISSING })).trim();
}
