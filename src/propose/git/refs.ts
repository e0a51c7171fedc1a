import { PkiError } from '../../errors.ts';
import { git, remoteGit, type Remote } from './program.ts';

/** Every branch that this program pushes lies below. */
export const BRANCHES = 'cdk8s-pki/';

const PORCELAIN = /^([ +\-*!=])\t[^\t]*\t(.*)$/mu;

/** A remote's branches by name, as they are now: those below `cdk8s-pki/`, and the base. */
export async function remoteBranches(
  folder: string,
  remote: Remote,
  base: string,
): Promise<ReadonlyMap<string, string>> {
  const refs = [`refs/heads/${base}`, `refs/heads/${BRANCHES}*`];
  const { stdout } = await remoteGit(folder, remote, ['ls-remote', '--heads', remote.url, ...refs]);
  return new Map(
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [id = '', ref = ''] = line.split('\t');
        return [ref.slice('refs/heads/'.length), id];
      }),
  );
}

/**
 * Refs of one run, in the user's repository and out of the way of all others: they keep what was fetched until the run ends.
 * Neither branches, nor remote-tracking branches, nor FETCH_HEAD, nor the index, nor a file of the checkout changes.
 */
export class RunRefs {
  readonly prefix: string;
  readonly #folder: string;
  readonly #remote: Remote;

  /** @param run a name that no other run has. */
  constructor(folder: string, remote: Remote, run: string) {
    this.#folder = folder;
    this.#remote = remote;
    this.prefix = `refs/cdk8s-pki/${run}/`;
  }

  ref(branch: string): string {
    return `${this.prefix}${branch}`;
  }

  /** Fetches branches into the object database. @returns the commit that each one was at. */
  async fetch(branches: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const args = [
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-recurse-submodules',
      '--refmap=',
      '--stdin',
      this.#remote.url,
    ];
    const specs = branches.map((branch) => `+refs/heads/${branch}:${this.ref(branch)}\n`);
    await remoteGit(this.#folder, this.#remote, args, specs.join(''));
    const ids = new Map<string, string>();
    for (const branch of branches) {
      const id = await git(this.#folder, ['rev-parse', '--verify', `${this.ref(branch)}^{commit}`]);
      ids.set(branch, (id?.toString('utf8') ?? '').trim());
    }
    return ids;
  }

  async clear(): Promise<void> {
    const list = ['for-each-ref', '--format=delete %(refname)', this.prefix];
    const input = (await git(this.#folder, list)) ?? Buffer.alloc(0);
    if (input.length > 0) await git(this.#folder, ['update-ref', '--stdin'], { input });
  }

  /**
   * Moves a branch of the remote from one commit to another, or deletes it, if it is still where it was: compare and swap.
   *
   * @returns false where somebody else moved it first.
   * @throws PkiError `ERR_GIT`; `ERR_BRANCH` where another branch's name leaves it no place.
   */
  async push(branch: string, to: string | null, expected: string | null): Promise<boolean> {
    if (!branch.startsWith(BRANCHES)) throw new TypeError(`not a branch of ours: ${branch}`);
    const ref = `refs/heads/${branch}`;
    const { exitCode, stdout } = await remoteGit(this.#folder, this.#remote, [
      'push',
      '--porcelain',
      '--no-verify',
      `--force-with-lease=${ref}:${expected ?? ''}`,
      this.#remote.url,
      `${to ?? ''}:${ref}`,
    ]);
    if (exitCode === 0) return true;
    const [, , reason = ''] = PORCELAIN.exec(stdout) ?? [];
    if (
      /stale info|cannot lock ref|already exists|fetch first|failed to update ref|incorrect old value/u.test(
        reason,
      )
    ) {
      // a try that was taken for lost may have arrived
      const { stdout: now } = await remoteGit(this.#folder, this.#remote, [
        'ls-remote',
        '--heads',
        this.#remote.url,
        ref,
      ]);
      if (to === null ? now === '' : now.startsWith(to)) return true;
      const isAsBefore = expected === null ? now === '' : now.startsWith(expected);
      if (!isAsBefore) return false;
      // nobody was first: the forge has no place for it
      await this.refuseBlocked(branch);
    }
    throw new PkiError('ERR_GIT', `the forge refuses the push of "${branch}"`, {
      hint: 'the token must be allowed to push branches below cdk8s-pki/; a rule of the forge may also forbid it',
    });
  }

  /**
   * A branch cannot be where another's name is a folder of its name, or the other way about (git-check-ref-format).
   *
   * @throws PkiError `ERR_BRANCH` where there is such a branch.
   */
  async refuseBlocked(branch: string): Promise<void> {
    const parts = branch.split('/');
    const above = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
    const { stdout } = await remoteGit(this.#folder, this.#remote, [
      'ls-remote',
      '--heads',
      this.#remote.url,
      ...[...above, `${branch}/*`].map((name) => `refs/heads/${name}`),
    ]);
    const found = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.slice(line.indexOf('\t') + 1 + 'refs/heads/'.length));
    const [first] = found;
    if (first === undefined) return;
    throw new PkiError('ERR_BRANCH', `the branch "${first}" is in the way of "${branch}"`, {
      details: found.slice(1, 10),
      hint: [
        'git has no branch in a folder of the name of another: rename that one, or delete it',
        `to keep its commits: git push origin ${first}:refs/heads/NEW-NAME`,
        `then: git push origin :refs/heads/${first}`,
      ],
    });
  }
}
