import type { ProposedFile } from '../git/objects.ts';

export type ForgeName = 'github' | 'gitea' | 'gitlab';

/** A repository, and the way to its forge. */
export interface Site {
  readonly forge: ForgeName;
  /** Root of the API, without a slash at its end. */
  readonly api: string;
  /** What git fetches from and pushes to; no name and no password in it. */
  readonly url: string;
  /** `owner/name`, on GitLab with all its groups. */
  readonly repository: string;
  readonly token: string;
}

export interface PullRequest {
  /** As people say it: `#12`, on GitLab `!12`. */
  readonly number: number;
  readonly url: string;
  readonly branch: string;
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
}

export interface ClosedPullRequest extends PullRequest {
  readonly closedAt: Date;
}

export interface PullRequestText {
  readonly title: string;
  readonly body: string;
}

/** A commit that the forge makes, so that it signs it. */
export interface ForgeCommit {
  readonly branch: string;
  readonly base: string;
  /** The tree that `base` has. */
  readonly baseTree: string;
  /** The tree that must come out. */
  readonly tree: string;
  readonly files: readonly ProposedFile[];
  readonly message: string;
  /** Where the branch must still be; null where it must not be there. */
  readonly expected: string | null;
}

/** What a forge is asked for. Pull requests of forks, and to other branches than the base, are never ours. */
export interface Forge {
  /** The base of all proposals. */
  defaultBranch: () => Promise<string>;
  /** Open pull requests whose branch begins with `prefix`. */
  open: (base: string, prefix: string) => Promise<readonly PullRequest[]>;
  /** The newest pull request of a branch that was closed without a merge, if no newer one was merged. */
  lastClosed: (base: string, branch: string) => Promise<ClosedPullRequest | undefined>;
  /** @returns the open one of this branch where there is one already. */
  create: (base: string, branch: string, text: PullRequestText) => Promise<PullRequest>;
  update: (pull: PullRequest, text: PullRequestText) => Promise<void>;
  /** Adds labels, which are made where the forge does not know them, and takes others away. */
  label: (pull: PullRequest, add: readonly string[], remove: readonly string[]) => Promise<void>;
  comments: (pull: PullRequest) => Promise<readonly string[]>;
  comment: (pull: PullRequest, text: string) => Promise<void>;
  close: (pull: PullRequest) => Promise<void>;
  /**
   * Makes the commit and moves the branch to it, in one step that fails where somebody else moved it first; undefined where git
   * does that.
   *
   * @returns its id, and whether the forge vouches for it; undefined where somebody else was first.
   */
  readonly commit?: (commit: ForgeCommit) => Promise<Committed | undefined>;
}

export interface Committed {
  readonly id: string;
  readonly isVerified: boolean;
}
