import { PkiError } from '../../errors.ts';
import type {
  RotationRequest,
  RotationStatus,
  TransitionName,
} from '../../model/store/rotation.ts';
import { MOVES } from './transitions.ts';

/**
 * The transition that a request means where the keyset stands; undefined where it only asks, and where it changes no states.
 *
 * @throws PkiError `ERR_ROTATION` where nothing is to be taken back, and where the next stage may not follow yet.
 */
export function chooseTransition(
  { keyset, verb, acceptLockout }: RotationRequest,
  status: RotationStatus,
  now: Date,
): TransitionName | undefined {
  if (verb === 'status' || verb === 'reissue') return undefined;
  if (verb === 'compromised') return 'replace';
  const { next, abort } = MOVES[status.standing];
  if (verb === 'advance') {
    guardStage(status, acceptLockout, now);
    return next;
  }
  if (abort !== null) refuseUnmerged(status);
  if (abort === 'abort-accept') guardBlockers(abort, status);
  guardReturn(status, now);
  if (abort !== null) return abort;
  throw new PkiError('ERR_ROTATION', `no rotation of "${keyset}" is under way`, {
    hint: [
      'what was retired comes back while it is not committed: git status lists the files, git restore FILE… restores them',
      'once it is committed its key is gone: start another rotation instead',
    ],
  });
}

function guardStage(status: RotationStatus, acceptLockout: boolean, now: Date): void {
  const { keyset, next, since, notBeforeWithLockout, unfit } = status;
  const isRetirement = next === 'retire';
  if (acceptLockout && !isRetirement) {
    throw new PkiError('ERR_ROTATION', `"${next}" of "${keyset}" locks nobody out`, {
      hint: 'leave out --accept-lockout: it is for the stage "retire"',
    });
  }
  guardBlockers(next, status);
  if (unfit.length > 0) {
    const rotate = `cdk8s-pki rotate ${keyset.replace('/', ' ')}`;
    throw new PkiError('ERR_ROTATION', `"${next}" of "${keyset}" must not follow`, {
      details: unfit,
      hint: `take the entry back and accept another: ${rotate} --abort, merge that, then ${rotate}`,
    });
  }
  if (status.standing !== 'steady' && since === null) {
    throw new PkiError(
      'ERR_ROTATION',
      `"${next}" of "${keyset}" may not follow yet: the stage before it is not on the base branch`,
      { hint: 'merge it, and roll it out everywhere; it soaks from that commit' },
    );
  }
  const from = acceptLockout ? notBeforeWithLockout : status.notBefore;
  if (from !== null && now.getTime() >= from.getTime()) return;
  const details = lacking(status);
  const lockout =
    'or lock out who still uses what it signed: --accept-lockout --dry-run says who, --accept-lockout does it';
  if (from === null) {
    throw new PkiError(
      'ERR_ROTATION',
      `"${next}" of "${keyset}" may not follow: nobody says how long tokens live that its outgoing key signed`,
      { details, hint: ['declare rotation: { maxTokenLife }', lockout] },
    );
  }
  const canLockOut =
    notBeforeWithLockout !== null && now.getTime() >= notBeforeWithLockout.getTime();
  throw new PkiError(
    'ERR_ROTATION',
    `"${next}" of "${keyset}" may not follow before ${from.toISOString()}`,
    {
      details,
      hint: [
        `the stage before it is on the base branch since ${since?.toISOString() ?? ''}; until then it rolls out, and what was signed by it outside of the tree runs out`,
        ...(isRetirement && canLockOut ? [lockout] : []),
      ],
    },
  );
}

/** What signs again must be trusted again: where `retire` was taken back in git, some may still trust the other entry alone. */
function guardReturn(
  { keyset, abortNotBefore: from, abortNotAfter: until }: RotationStatus,
  now: Date,
): void {
  if (until !== null && now.getTime() >= until.getTime()) {
    const rotate = `cdk8s-pki rotate ${keyset.replace('/', ' ')}`;
    throw new PkiError(
      'ERR_ROTATION',
      `"--abort" of "${keyset}" may not follow: the certificate of the old entry ended on ${until.toISOString()}`,
      {
        hint: [
          `nothing that it would sign were valid; the way on is the stage "retire": ${rotate}`,
          `where the entry that issues must not be trusted: ${rotate} --compromised --dry-run says what that costs`,
        ],
      },
    );
  }
  if (from === null || now.getTime() >= from.getTime()) return;
  throw new PkiError(
    'ERR_ROTATION',
    `"--abort" of "${keyset}" may not follow before ${from.toISOString()}`,
    {
      details: [
        'the stage retire was taken back in git: who follows it does not trust the old entry',
      ],
      hint: [
        'roll the stage out again, everywhere, with the steps that ROTATION.md has for accept (bundles of kubelets, workloads, those outside): who followed the retirement trusts the new entry alone',
        `they are listed by cdk8s-pki rotate ${keyset.replace('/', ' ')} --status; until then nothing may be signed by the old entry`,
      ],
    },
  );
}

/** A second revision would stand in one change with the first, which nobody may merge. */
function refuseUnmerged({ keyset, since }: RotationStatus): void {
  if (since !== null) return;
  throw new PkiError(
    'ERR_ROTATION',
    `the stage of "${keyset}" is not on the base branch, so it needs no --abort`,
    {
      hint: [
        'git stash --include-untracked takes back what is not committed',
        'of a branch that is not merged, leave the commit out: git rebase --interactive, or git branch --delete',
      ],
    },
  );
}

/** Why what the cluster says takes the place of no time. */
function lacking({ evidence }: RotationStatus): string[] {
  if (evidence === null) return [];
  return [
    ...evidence.lacks.map((sentence) => `no evidence: ${sentence}`),
    ...evidence.unseen.map((who) => `nobody can see: ${who}`),
  ];
}

function guardBlockers(name: TransitionName, { keyset, blockers }: RotationStatus): void {
  if (blockers.length === 0) return;
  throw new PkiError('ERR_ROTATION', `"${name}" of "${keyset}" may not follow yet`, {
    details: blockers,
    hint: `see where it stands: cdk8s-pki rotate ${keyset.replace('/', ' ')} --status`,
  });
}
