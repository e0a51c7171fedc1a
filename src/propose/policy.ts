import { hash } from 'node:crypto';

const DAY = 86_400_000;

/** Before the first certificate of a proposal expires; a closed one comes back then at the latest. */
const LAST_CALL = 14 * DAY;

/** Where nothing says how early a renewal begins: changes without a date. */
const DEFAULT_RENEW_BEFORE = 30 * DAY;

/** What one pull request renews. */
export interface Work {
  /** Names its branch. */
  readonly name: string;
  readonly clusters: readonly string[];
  /** One line for each thing that has to happen, in any order. */
  readonly set: readonly string[];
  /** When the first certificate of the set expires; null where none of it does. */
  readonly deadline: Date | null;
  /** Milliseconds; of the certificate that sets the deadline. */
  readonly renewBefore: number | null;
  /** Whether somebody asks for it now: that it was closed before does not hold it back. */
  readonly isAsked?: boolean;
  /** What the commit on its branch must say that it is, where the files do not tell. */
  readonly record?: string;
  /** What an open pull request is told where nothing is due any more. */
  readonly closing?: string;
  /** Why an open pull request stays as it is though this cannot be made. */
  readonly stays?: Stays;
}

export interface Stays {
  readonly why: string;
  /** That only people can end it, who are told on the pull request; else the next run may find it otherwise. */
  readonly isForPeople: boolean;
}

/** How near the deadline is, as title and label say it. */
export type Urgency = 'routine' | 'soon' | 'urgent' | 'expired';

/** What stands on the branch. */
export type Head =
  /** Ours, and merging it would leave nothing to do. */
  | 'current'
  /** Ours, and no longer what is needed. */
  | 'outdated'
  /** Somebody else's commit is on it. */
  | 'foreign';

export interface Situation {
  readonly work: Work;
  /** Null where there is no such branch. */
  readonly head: Head | null;
  /** What the open pull request says of itself, and whether its labels say the same; null where there is none. */
  readonly open: (Marks & { readonly isLabelled: boolean }) | null;
  /** The last one, where it was closed without a merge. */
  readonly closed: (Marks & { readonly closedAt: Date }) | null;
  /** Whether one more may be open. */
  readonly hasRoom: boolean;
}

/** What a pull request says of itself, in a comment that everybody may edit: never more than a hint. */
export interface Marks {
  readonly set: string | null;
  readonly urgency: Urgency | null;
}

export type Decision =
  /** Issue, commit, and open a pull request or update the one that is open. */
  | { readonly do: 'build' }
  /** The branch is as it should be: only open the pull request. */
  | { readonly do: 'open' }
  /** The branch is as it should be, what the pull request says of it is not. */
  | { readonly do: 'describe' }
  | { readonly do: 'close' }
  /** What is open can be neither made anew nor closed: where that is for people, say so once. */
  | ({ readonly do: 'leave' } & Stays)
  /** A person's commit is on the branch: say so once, and leave it alone. */
  | { readonly do: 'stop' }
  /** A person's commit is on the branch, and nobody is asked to merge it: another branch carries what is due. */
  | { readonly do: 'sidestep' }
  | { readonly do: 'wait'; readonly until: Date }
  /** Enough are open: it waits until one is merged or closed. */
  | { readonly do: 'defer' }
  | { readonly do: 'nothing' };

/** What happens to one branch and its pull request. */
export function decide({ work, head, open, closed, hasRoom }: Situation, now: Date): Decision {
  const isNeeded = work.set.length > 0;
  if (head === 'foreign' && open !== null) return { do: 'stop' };
  if (work.stays !== undefined && open !== null) return { do: 'leave', ...work.stays };
  if (!isNeeded) return { do: open === null ? 'nothing' : 'close' };
  if (open !== null) {
    if (head !== 'current') return { do: 'build' };
    const isDescribed = open.urgency === urgencyOf(work, now) && open.set === setDigest(work.set);
    // labels are set last: a run may have been cut off before
    return { do: isDescribed && open.isLabelled ? 'nothing' : 'describe' };
  }
  const until = closed === null || work.isAsked === true ? null : comesBack(work, closed);
  if (until !== null && now.getTime() < until.getTime()) return { do: 'wait', until };
  if (head === 'foreign') return { do: 'sidestep' };
  if (!hasRoom && !isLastCall(work, now)) return { do: 'defer' };
  return { do: head === 'current' ? 'open' : 'build' };
}

/** The branch of a work, or the next one where a person's is in its place; names of ours have no underscore. */
export function branchOf(name: string, turn: number): string {
  return turn === 1 ? name : `${name}_${turn}`;
}

/** The name of the work that a branch is for, whatever its turn. */
export function workOfBranch(branch: string): string {
  return branch.replace(/_\d+$/u, '');
}

/**
 * When a proposal that was closed comes back: after half of renewBefore, at the latest 14 days before the deadline; at once where
 * it is another set, which nobody has refused yet.
 */
export function comesBack(
  work: Work,
  closed: Pick<Marks, 'set'> & { readonly closedAt: Date },
): Date {
  const at = closed.closedAt.getTime();
  if (Number.isNaN(at) || closed.set !== setDigest(work.set)) return new Date(0);
  const half = at + (work.renewBefore ?? DEFAULT_RENEW_BEFORE) / 2;
  const last = work.deadline === null ? half : work.deadline.getTime() - LAST_CALL;
  return new Date(Math.min(half, last));
}

/** Nothing holds back any more what ends so soon, neither its being closed nor the number that may be open. */
function isLastCall({ deadline }: Work, now: Date): boolean {
  return deadline !== null && deadline.getTime() - now.getTime() <= LAST_CALL;
}

/** At most half of renewBefore is left, or 14 days; then a quarter, then nothing. */
export function urgencyOf({ deadline, renewBefore }: Work, now: Date): Urgency {
  if (deadline === null) return 'routine';
  const left = deadline.getTime() - now.getTime();
  const whole = renewBefore ?? DEFAULT_RENEW_BEFORE;
  if (left <= 0) return 'expired';
  if (left <= whole / 4) return 'urgent';
  return left <= whole / 2 || (left <= LAST_CALL && whole > LAST_CALL) ? 'soon' : 'routine';
}

/** Who comes first: those that are open, since one that is closed makes room; then the soonest deadline. */
export function inOrder<W extends Work>(works: readonly W[], isOpen: (work: W) => boolean): W[] {
  const sorted = works.toSorted(byDeadline);
  return [...sorted.filter(isOpen), ...sorted.filter((work) => !isOpen(work))];
}

/** The soonest deadline first, what has none last; by name where they are equal. */
export function byDeadline(a: Work, b: Work): number {
  const [left, right] = [a, b].map(({ deadline }) => deadline?.getTime() ?? Infinity);
  if (left !== right) return (left ?? 0) < (right ?? 0) ? -1 : 1;
  return a.name < b.name ? -1 : a.name === b.name ? 0 : 1;
}

/** The same set has the same digest, in whatever order. */
export function setDigest(set: readonly string[]): string {
  const lines = [...new Set(set)].sort();
  return hash('sha256', JSON.stringify(lines));
}
