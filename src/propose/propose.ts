import { PkiError, type ErrorCode } from '../errors.ts';
import { hasMoved, readOwnBranch, type OwnBranch } from './branch.ts';
import type { Forge, PullRequest } from './forges/forge.ts';
import { readBlobs, type ProposedFile } from './git/objects.ts';
import type { Remote } from './git/program.ts';
import { BRANCHES, remoteBranches, RunRefs } from './git/refs.ts';
import { withWorktree, type Worktree } from './git/worktree.ts';
import { heldFiles } from './held.ts';
import { marksOf, readMarks } from './marks.ts';
import { branchOf, decide, inOrder, workOfBranch, type Head, type Work } from './policy.ts';
import { Publisher } from './publish.ts';
import type { Outcome, OutcomeName, Renewal } from './renewal.ts';

/** Of the forge, the repository and the machine: what one meets, all would. */
const OF_ALL: ReadonlySet<ErrorCode> = new Set([
  'ERR_CLOCK',
  'ERR_FORGE',
  'ERR_GIT',
  'ERR_IDENTITY',
  'ERR_IDENTITY_NEEDED',
]);

/** What branches are for, and what stands in their names. */
export type ProposalKind = 'renew' | 'rotate' | 'reissue' | 'revoke';

export interface ProposeOptions<W extends Work> {
  /** The working directory, somewhere in the user's repository. */
  readonly folder: string;
  readonly remote: Remote;
  readonly forge: Forge;
  readonly renewal: Renewal<W>;
  /** What branches are named by, after what all branches of ours are. */
  readonly kind: ProposalKind;
  readonly now: Date;
  /** Names this run's refs: no two runs have the same. */
  readonly run: string;
  readonly maxOpen: number;
  readonly onCleanUp: (cleanUp: () => void) => () => void;
  /** Told each as it is done: what stands when a later one fails. */
  readonly onOutcome: (outcome: Outcome) => void;
  /** Told what stands in the way of one of them: the others go on. */
  readonly onFailure: (work: W, error: PkiError) => void;
  /** Told what people should know besides. */
  readonly onNote: (note: string) => void;
}

/**
 * Brings the pull requests of a repository in line with what is due: at most one for each branch, each with one commit on the head
 * of the default branch. Nothing of the user's checkout changes, and the base is never pushed to. What is written is complete at
 * every moment: a branch without a pull request is found and used by the next run.
 *
 * @throws PkiError `ERR_FORGE`, `ERR_GIT`, and those of the renewal.
 */
export async function propose<W extends Work>(options: ProposeOptions<W>): Promise<void> {
  const { folder, remote, forge, renewal } = options;
  const prefix = prefixOfKind(options.kind);
  const base = await forge.defaultBranch();
  const branches = await remoteBranches(folder, remote, base);
  if (!branches.has(base)) {
    throw new PkiError('ERR_FORGE', `the default branch "${base}" has no commit`, {
      hint: 'push the repository first',
    });
  }
  const refs = new RunRefs(folder, remote, options.run);
  try {
    const heads = await refs.fetch([
      base,
      ...[...branches.keys()].filter((name) => name.startsWith(prefix)),
    ]);
    const baseCommit = heads.get(base) ?? '';
    await withWorktree(folder, baseCommit, options.onCleanUp, async (worktree) => {
      const open = await forge.open(base, prefix);
      const works = await renewal.plan(worktree.cwd, () =>
        heldFiles(folder, baseCommit, prefix, open, heads, renewal),
      );
      await new Run(options, { base, baseCommit, heads, open, worktree, refs }).all(works);
    });
  } finally {
    await refs.clear();
  }
}

/** What the branches of a kind begin with. */
export function prefixOfKind(kind: ProposalKind): string {
  return `${BRANCHES}${kind}/`;
}

interface State {
  readonly base: string;
  readonly baseCommit: string;
  readonly heads: ReadonlyMap<string, string>;
  readonly open: readonly PullRequest[];
  readonly worktree: Worktree;
  readonly refs: RunRefs;
}

class Run<W extends Work> {
  readonly #options: ProposeOptions<W>;
  readonly #state: State;
  readonly #publisher: Publisher<W>;
  readonly #prefix: string;
  /** Open ones of ours. */
  #count: number;
  /** Clusters of pull requests that are open and as they should be. */
  readonly #covered = new Set<string>();

  constructor(options: ProposeOptions<W>, state: State) {
    this.#options = options;
    this.#state = state;
    this.#publisher = new Publisher(options, state);
    this.#prefix = prefixOfKind(options.kind);
    this.#count = state.open.length;
  }

  async all(works: readonly W[]): Promise<void> {
    const isOpen = (work: W): boolean => this.#pullOf(work) !== undefined;
    for (const work of inOrder(works, isOpen)) await this.#attempt(work);
    const known = new Set(works.map((work) => this.#prefix + work.name));
    for (const pull of this.#state.open)
      if (!known.has(workOfBranch(pull.branch))) await this.#stray(pull, works);
  }

  /** What stands in the way of one cluster stops no other's renewal. */
  async #attempt(work: W): Promise<void> {
    try {
      await this.#one(work);
    } catch (error) {
      if (!(error instanceof PkiError) || OF_ALL.has(error.code)) throw error;
      this.#options.onFailure(work, error);
    }
  }

  #pullOf(work: Work): PullRequest | undefined {
    return this.#state.open.find(({ branch }) => workOfBranch(branch) === this.#prefix + work.name);
  }

  async #one(work: W, turn = 1): Promise<void> {
    const { forge, maxOpen, now } = this.#options;
    const pull = this.#pullOf(work);
    const branch = pull?.branch ?? this.#prefix + branchOf(work.name, turn);
    const commit = this.#state.heads.get(branch);
    if (work.set.length === 0 && pull === undefined) return;
    const { head, own } = await this.#look(work, commit);
    const closed =
      pull === undefined ? await forge.lastClosed(this.#state.base, branch) : undefined;
    const decision = decide(
      {
        work,
        head,
        open: pull === undefined ? null : marksOf(pull, work, now),
        closed:
          closed === undefined ? null : { ...readMarks(closed.body), closedAt: closed.closedAt },
        hasRoom: this.#count < maxOpen,
      },
      now,
    );
    const tell = (
      outcome: OutcomeName,
      message: string,
      url: string | null = pull?.url ?? null,
    ): void => {
      this.#options.onOutcome({ branch, outcome, message, url });
    };
    if (decision.do === 'nothing') {
      this.#cover(work);
      tell('unchanged', 'holds a valid renewal of what is due');
    } else if (decision.do === 'wait') {
      tell(
        'waiting',
        `was closed; comes back on ${decision.until.toISOString()}`,
        closed?.url ?? null,
      );
    } else if (decision.do === 'stop') {
      if (pull === undefined) return;
      if (work.set.length > 0) await this.#publisher.stop(work, pull);
      tell(
        work.set.length > 0 ? 'stopped' : 'unchanged',
        `somebody else's commit is on it, so it is left alone; due is: ${summaryOf(work)}`,
      );
    } else if (decision.do === 'leave') {
      const { why, isForPeople } = decision;
      if (pull !== undefined && isForPeople) await this.#publisher.leave(pull, why);
      tell(
        'unchanged',
        `${why}; it stays open until ${isForPeople ? 'people decide' : 'that is known'}`,
      );
    } else if (decision.do === 'sidestep') {
      await this.#one(work, turn + 1);
    } else if (decision.do === 'close') {
      await this.#close(
        pull,
        commit,
        work.closing ??
          'Nothing of it is due any more: it was renewed on the base branch, or is no longer declared.',
      );
    } else if (decision.do === 'defer') {
      tell('deferred', `${maxOpen} pull requests are open (--max-open)`);
    } else if (decision.do === 'build') {
      const url = await this.#publisher.build(branch, work, commit ?? null, pull);
      if (url === 'nothing') return;
      if (url === 'overtaken') {
        tell('overtaken', 'another run was first');
        return;
      }
      if (pull === undefined) this.#count += 1;
      this.#cover(work);
      tell(pull === undefined ? 'opened' : 'rebuilt', summaryOf(work), url);
    } else {
      const files = own === undefined ? [] : await this.#contents(own);
      const paths = files.map(({ path }) => path);
      const url = await this.#state.worktree.with(files, () =>
        this.#publisher.describe(branch, work, pull, paths),
      );
      if (pull === undefined) this.#count += 1;
      this.#cover(work);
      tell(pull === undefined ? 'opened' : 'described', summaryOf(work), url);
    }
  }

  async #look(
    work: W,
    commit: string | undefined,
  ): Promise<{ readonly head: Head | null; readonly own?: OwnBranch }> {
    if (commit === undefined) return { head: null };
    const { folder, renewal } = this.#options;
    const { baseCommit, worktree } = this.#state;
    const own = await readOwnBranch(folder, commit, baseCommit, renewal);
    if (own === undefined) return { head: 'foreign' };
    if (work.set.length === 0 || work.record !== own.record) return { head: 'outdated', own };
    if (await hasMoved(folder, own, baseCommit)) return { head: 'outdated', own };
    const paths = new Set(own.files.map(({ path }) => path));
    try {
      const isCurrent = await worktree.with(await this.#contents(own), () =>
        renewal.isCurrent(worktree.cwd, work, paths),
      );
      return { head: isCurrent ? 'current' : 'outdated', own };
    } catch (error) {
      // what stands on the branch may be anything: a tree that is refused is not what is needed
      if (error instanceof PkiError) return { head: 'outdated', own };
      throw error;
    }
  }

  async #contents({ files }: OwnBranch): Promise<readonly ProposedFile[]> {
    const blobs = files.flatMap(({ blob }) => (blob === null ? [] : [blob]));
    const contents = await readBlobs(this.#options.folder, blobs);
    return files.map(({ path, blob }) => ({
      path,
      content: blob === null ? null : (contents.get(blob) ?? null),
    }));
  }

  /** A pull request that no declared cluster asks for: a cluster that was removed, or another way to group them. */
  async #stray(pull: PullRequest, works: readonly W[]): Promise<void> {
    const { folder, renewal } = this.#options;
    const commit = this.#state.heads.get(pull.branch);
    if (commit === undefined) return;
    const own = await readOwnBranch(folder, commit, this.#state.baseCommit, renewal);
    if (own === undefined) return;
    const clusters = new Set(own.files.flatMap(({ path }) => renewal.clusterOf(path) ?? []));
    if (clusters.size === 0 && !renewal.isWhole) return; // what works there are says nothing of it
    const isDone = (cluster: string): boolean => {
      const work = works.find((candidate) => candidate.clusters.includes(cluster));
      if (work === undefined) return renewal.isWhole;
      return work.set.length === 0 || this.#covered.has(cluster);
    };
    if (![...clusters].every(isDone)) return;
    await this.#close(
      pull,
      commit,
      'Nothing of it is left to do: what is due is in other pull requests, was renewed, or is no longer declared.',
    );
  }

  async #close(
    pull: PullRequest | undefined,
    commit: string | undefined,
    reason: string,
  ): Promise<void> {
    if (pull === undefined) return;
    await this.#publisher.close(pull, commit, reason);
    this.#count -= 1;
    this.#options.onOutcome({
      branch: pull.branch,
      outcome: 'closed',
      message: reason,
      url: pull.url,
    });
  }

  #cover(work: Work): void {
    for (const cluster of work.clusters) this.#covered.add(cluster);
  }
}

function summaryOf({ set, deadline }: Work): string {
  const count = `${set.length} ${set.length === 1 ? 'change' : 'changes'}`;
  return deadline === null ? count : `${count}, to be merged before ${deadline.toISOString()}`;
}
