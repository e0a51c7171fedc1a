import { ROTATION_MARGIN } from '../../../catalog/defaults.ts';
import type { Rollout } from '../../../catalog/rotation/rollout.ts';
import { PkiError } from '../../../errors.ts';
import type { CredentialPath } from '../../../model/names.ts';
import type { Action } from '../../../model/plan.ts';
import {
  entryTexts,
  entryTextsAfter,
  type RotationRequest,
  type RotationStatus,
} from '../../../model/store/rotation.ts';
import { addSeconds } from '../../../plan/renewal.ts';
import { chooseTransition } from '../../../plan/rotation/choose.ts';
import { isReady, waitsForIssuer } from '../../../plan/rotation/ready.ts';
import { TRANSITIONS } from '../../../plan/rotation/transitions.ts';
import type { Stays, Work } from '../../../propose/policy.ts';
import type { Held } from '../../../propose/renewal.ts';
import type { RunResult } from '../../pipeline/total.ts';
import { clusterOf, evidenceLines, isWaiting } from '../../rotate/evidence.ts';
import { lockoutOf } from '../../rotate/warnings.ts';
import { changeText, parseRecord, requestFor, type Wish } from './record.ts';

/** One transition of one keyset, or its reissue; each is always alone in its pull request. */
export interface RotationWork extends Work {
  readonly request: RotationRequest;
  readonly transition: Rollout;
  readonly wish: Wish;
  readonly keyset: CredentialPath;
  readonly domain: RotationStatus['domain'];
  readonly users: RotationStatus['users'];
  readonly actions: readonly Action[];
  /** `id state`, as the transition leaves them. */
  readonly entries: readonly string[];
  /** Who is locked out on purpose. */
  readonly lockout: string | null;
  /** What the cluster says, where that is why it follows now. */
  readonly evidence: readonly string[];
}

/**
 * A rotation that is due is started, one that is under way goes on, each keyset for itself: stages of several may come in any order.
 * Where the branch of a keyset carries what somebody asked for, that stays.
 *
 * @param unasked clusters that could not be asked: what may have been opened by what they said stays.
 */
export function automaticWorks(
  { rotations, actions }: Pick<RunResult, 'rotations' | 'actions'>,
  held: readonly Held[],
  now: Date,
  unasked: ReadonlyMap<string, unknown> = new Map(),
): RotationWork[] {
  const busy = new Set(actions.map(({ cluster }) => cluster));
  const works: RotationWork[] = [];
  for (const status of rotations.filter(({ automatic }) => automatic)) {
    if (busy.has(clusterOf(status))) continue; // a stage waits for a tree that is as declared
    const { keyset } = status;
    const open = held.find(({ name }) => name === keyset);
    const asked = open && askedWork(status, open, now);
    if (asked !== undefined) {
      works.push(asked);
      continue;
    }
    const request: RotationRequest = { keyset, verb: 'advance', acceptLockout: false };
    if (open !== undefined && isWaiting(status, now) && unasked.has(clusterOf(status))) {
      const why = 'its cluster could not be asked whether its time has come';
      works.push(left(status, { why, isForPeople: false }));
      continue;
    }
    // what is open is not taken back for that
    const waits = open === undefined && waitsForIssuer(status, rotations, now);
    works.push(
      isReady(status, rotations, now) && !waits
        ? workOf(status, request, 'automatic', now)
        : { ...nothingOf(status, request), transition: status.next },
    );
  }
  return works;
}

/**
 * What somebody asked for, the same once more; undefined where the branch says that nobody did. Where the same cannot be made, what is
 * open is left to people.
 */
function askedWork(status: RotationStatus, open: Held, now: Date): RotationWork | undefined {
  const record = parseRecord(open.record);
  if (record?.keyset !== status.keyset)
    return leftToPeople(status, 'its commit does not say what it is');
  if (record.wish === 'automatic') return undefined;
  const asked = `somebody asked for "${record.transition}"`;
  if (record.before !== entryTexts(status.entries).join(', '))
    return leftToPeople(
      status,
      `${asked}, which cannot be made any more: the base branch has other entries since`,
    );
  // anybody who may push can write that on a branch, and nothing but a review would stand between it and the key
  if (record.transition === 'replace' || record.acceptLockout)
    return leftToPeople(
      status,
      `${asked}, which is made anew for nobody but who asks for it again`,
    );
  try {
    return workOf(status, requestFor(record), record.wish, now);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    return leftToPeople(status, `${asked}, which cannot be made now: ${error.message}`);
  }
}

/** What is open stays as it is. */
function left(status: Parameters<typeof nothingOf>[0], stays: Stays): RotationWork {
  const request: RotationRequest = { keyset: status.keyset, verb: 'advance', acceptLockout: false };
  return { ...nothingOf(status, request), transition: 'accept', stays };
}

/** The same until people decide. */
export const leftToPeople = (status: Parameters<typeof nothingOf>[0], why: string): RotationWork =>
  left(status, { why, isForPeople: true });

/** Of no cluster: what is due of a cluster is another pull request's. */
export function nothingOf(
  { keyset, domain, users }: Pick<RotationStatus, 'keyset' | 'domain' | 'users'>,
  request: RotationRequest,
): Omit<RotationWork, 'transition'> {
  return {
    ...{ name: keyset, clusters: [], set: [], deadline: null, renewBefore: null },
    ...{ keyset, domain, users, request, entries: [], actions: [] },
    wish: 'automatic',
    lockout: null,
    evidence: [],
    closing: `Nobody asked for it, and no stage of ${keyset} may follow now: it comes back when one may.`,
  };
}

/** @throws PkiError `ERR_ROTATION` where the transition may not follow yet */
export function workOf(
  status: RotationStatus,
  request: RotationRequest,
  wish: Wish,
  now: Date,
): RotationWork {
  const { keyset, entries, notAfter } = status;
  const isReissue = request.verb === 'reissue';
  const transition = isReissue
    ? 'reissue'
    : (chooseTransition(request, status, now) ?? status.next);
  const before = isReissue ? (notAfter?.toISOString() ?? 'none') : entryTexts(entries).join(', ');
  const lockout = lockoutOf(request, status, now);
  const change = changeText({ transition, acceptLockout: lockout !== null, keyset, before });
  return {
    ...nothingOf(status, request),
    transition,
    wish,
    lockout,
    evidence: request.verb === 'advance' ? evidenceLines(status, now) : [],
    set: [change],
    record: `${wish} ${change}`,
    // what stands on a branch is right as long as it lives longer than what the base has
    deadline: isReissue ? notAfter : wish === 'automatic' ? deadlineOf(transition, status) : null,
    entries: entryTexts(transition === 'reissue' ? entries : TRANSITIONS[transition](entries)),
  };
}

/** The new entry issues before the old one ends: until then `issue` is to be merged, and `accept` a soak and people's time before. */
function deadlineOf(transition: Rollout, { notAfter, soak }: RotationStatus): Date | null {
  if (notAfter === null) return null;
  if (transition === 'issue') return notAfter;
  return transition === 'accept' ? addSeconds(notAfter, -soak - ROTATION_MARGIN) : null;
}

/**
 * Whether entries are those that a transition leaves: the ones it keeps by their ids, and the new ones with ids that nobody knew.
 *
 * @param expected `id state`, as `RotationWork` has them.
 * @param known ids of all keys that the base has or had.
 */
export function isLeft(
  expected: readonly string[],
  found: RotationStatus['entries'],
  known: ReadonlySet<string>,
): boolean {
  return entryTextsAfter(known, found).join() === [...expected].sort().join();
}
