import type { ProposedFile } from './git/objects.ts';
import type { PullRequestText } from './forges/forge.ts';
import type { Work } from './policy.ts';

/** Contents of those files that a commit has, by their path from the root of the repository. */
export type ReadFiles = (paths: readonly string[]) => Promise<ReadonlyMap<string, Uint8Array>>;

/** What a pull request changes, and where. */
export interface Proposed {
  /** The branch that it is to be merged into. */
  readonly base: string;
  readonly paths: readonly string[];
}

/** An open pull request that only this program wrote. */
export interface Held {
  /** Of its work. */
  readonly name: string;
  /** What its commit says of it, as `Work` has it. */
  readonly record: string | undefined;
  /** As its branch has them, but for those that the base has changed since. */
  readonly files: readonly ProposedFile[];
}

/** What a run of the line says, in a checkout of the base. Only `make` issues anything. */
export interface Renewal<W extends Work = Work> {
  /**
   * One for each branch that may be, also where nothing is due.
   *
   * @param held what is open already.
   */
  readonly plan: (cwd: string, held: () => Promise<readonly Held[]>) => Promise<readonly W[]>;
  /** Whether nothing is left to do, in a checkout that has the files of a branch; `paths` are the branch's. */
  readonly isCurrent: (cwd: string, work: W, paths: ReadonlySet<string>) => Promise<boolean>;
  readonly make: (cwd: string, work: W) => Promise<readonly ProposedFile[]>;
  /** The pull request for a checkout that has the files of its branch. */
  readonly describe: (cwd: string, work: W, proposed: Proposed) => Promise<PullRequestText>;
  /** Whether a file of the repository is one that this program writes, and no code. */
  readonly isGenerated: (path: string) => boolean;
  /** Whether each change of a branch, by its path, is one that this program makes: of what an inventory lists, or the store has. */
  readonly isMade: (paths: readonly string[], was: ReadFiles, is: ReadFiles) => Promise<boolean>;
  /** The cluster that a generated file belongs to; null where it is the fleet's. */
  readonly clusterOf: (path: string) => string | null;
  /** Whether the plan was about all clusters. */
  readonly isWhole: boolean;
}

export type OutcomeName =
  | 'opened'
  | 'rebuilt'
  | 'described'
  | 'unchanged'
  | 'closed'
  | 'stopped'
  | 'waiting'
  | 'deferred'
  | 'overtaken';

/** What became of one branch. */
export interface Outcome {
  readonly branch: string;
  readonly outcome: OutcomeName;
  /** For people: why. */
  readonly message: string;
  readonly url: string | null;
}
