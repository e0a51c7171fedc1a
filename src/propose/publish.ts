import type { Forge, PullRequest, PullRequestText } from './forges/forge.ts';
import { blobId, readCommit, writeCommit, type ProposedFile } from './git/objects.ts';
import type { RunRefs } from './git/refs.ts';
import type { Worktree } from './git/worktree.ts';
import {
  bodyOf,
  commitMessage,
  hasRemark,
  labelChanges,
  remarkOf,
  STOPPED,
  titleOf,
  withoutMarks,
} from './marks.ts';
import type { Work } from './policy.ts';
import type { Renewal } from './renewal.ts';

interface Options<W extends Work> {
  readonly folder: string;
  readonly forge: Forge;
  readonly renewal: Renewal<W>;
  readonly now: Date;
  readonly onNote: (note: string) => void;
}

interface State {
  readonly base: string;
  readonly baseCommit: string;
  readonly worktree: Worktree;
  readonly refs: RunRefs;
}

/** Carries out what was decided. First the branch, then the pull request: what is cut off in between, the next run finds. */
export class Publisher<W extends Work> {
  readonly #options: Options<W>;
  readonly #state: State;

  constructor(options: Options<W>, state: State) {
    this.#options = options;
    this.#state = state;
  }

  /**
   * Issues, commits, moves the branch if it is still where it was seen, and sees to the pull request.
   *
   * @returns the address of the pull request; or that another run was first, or that there is nothing to change.
   */
  async build(
    branch: string,
    work: W,
    expected: string | null,
    pull: PullRequest | undefined,
  ): Promise<string> {
    const { renewal } = this.#options;
    const { worktree, base } = this.#state;
    const files = await renewal.make(worktree.cwd, work);
    if (files.length === 0) return 'nothing';
    const proposed = { base, paths: files.map(({ path }) => path) };
    const text = await worktree.with(files, () => renewal.describe(worktree.cwd, work, proposed));
    if (!(await this.#publish(branch, work, files, text, expected))) return 'overtaken';
    return this.#say(branch, work, text, pull);
  }

  /** In a checkout that has the files of the branch. */
  async describe(
    branch: string,
    work: W,
    pull: PullRequest | undefined,
    paths: readonly string[],
  ): Promise<string> {
    const { base, worktree } = this.#state;
    const text = await this.#options.renewal.describe(worktree.cwd, work, { base, paths });
    return this.#say(branch, work, text, pull);
  }

  /** Says once that a person's commit is on the branch; title and labels go on telling how near the deadline is. */
  async stop(work: W, pull: PullRequest): Promise<void> {
    const { forge, now } = this.#options;
    if (!pull.labels.includes(STOPPED)) {
      await forge.comment(
        pull,
        'A commit on this branch was not made by cdk8s-pki, so it is left alone from now on, and so are its dates. ' +
          'Merge it, or close it and delete the branch: the next run then proposes what is due.',
      );
    }
    const title = titleOf(pull.title, work, now);
    if (title !== pull.title) await forge.update(pull, { title, body: pull.body });
    const { add, remove } = labelChanges(pull.labels, work, now, true);
    if (add.length + remove.length > 0) await forge.label(pull, add, remove);
  }

  /** Says once why a pull request is neither made anew nor closed. */
  async leave(pull: PullRequest, why: string): Promise<void> {
    const { forge } = this.#options;
    if (hasRemark(await forge.comments(pull), 'left')) return;
    const text = `This is as it was: ${why}. It stays open until people decide: close it, or merge it if that is still possible and wanted.`;
    await forge.comment(pull, remarkOf('left', text));
  }

  async close(pull: PullRequest, commit: string | undefined, reason: string): Promise<void> {
    const { forge } = this.#options;
    if (!hasRemark(await forge.comments(pull), 'closed')) {
      await forge.comment(pull, remarkOf('closed', reason));
    }
    // nobody refused it: what is due again need not wait
    await forge.update(pull, { title: pull.title, body: withoutMarks(pull.body) });
    await forge.close(pull);
    if (commit !== undefined) await this.#state.refs.push(pull.branch, null, commit);
  }

  /** @returns false where another run was first. */
  async #publish(
    branch: string,
    work: W,
    files: readonly ProposedFile[],
    { title }: PullRequestText,
    expected: string | null,
  ): Promise<boolean> {
    const { folder, forge, now } = this.#options;
    const { baseCommit, refs } = this.#state;
    const blobs = files.map(({ path, content }) => ({
      path,
      blob: content === null ? null : blobId(content, baseCommit),
    }));
    const message = commitMessage(title, work, blobs);
    const made = { base: baseCommit, files, message, date: now };
    const id = await writeCommit(folder, refs.ref(`new/${branch}`), made);
    if (forge.commit === undefined) return refs.push(branch, id, expected);
    const baseTree = (await readCommit(folder, baseCommit)).tree;
    const { tree } = await readCommit(folder, id);
    const commit = {
      branch,
      base: baseCommit,
      baseTree,
      tree,
      files,
      message,
      expected,
    };
    const committed = await forge.commit(commit).catch(async (error: unknown) => {
      // of a branch that it has no place for, the API says only that it is refused
      if (expected === null) await refs.refuseBlocked(branch);
      throw error;
    });
    if (committed?.isVerified === false) {
      this.#options.onNote(
        `the commit on "${branch}" is not signed: take the token of a GitHub App`,
      );
    }
    return committed !== undefined;
  }

  async #say(
    branch: string,
    work: W,
    { title, body }: PullRequestText,
    pull: PullRequest | undefined,
  ): Promise<string> {
    const { forge, now } = this.#options;
    const text = { title: titleOf(title, work, now), body: bodyOf(body, work, now) };
    if (pull !== undefined) await forge.update(pull, text);
    const current = pull ?? (await forge.create(this.#state.base, branch, text));
    const { add, remove } = labelChanges(current.labels, work, now);
    if (add.length + remove.length > 0) await forge.label(current, add, remove);
    return current.url;
  }
}
