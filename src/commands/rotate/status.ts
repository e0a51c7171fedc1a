import { partsBefore, rolloutParts, type RolloutPart } from '../../catalog/rotation/parts.ts';
import { managerLines } from './warnings.ts';
import { formatDuration } from '../../model/store/duration.ts';
import type { RotationStatus, TransitionName } from '../../model/store/rotation.ts';
import { stepsJson } from './runbook.ts';

/** A status with RFC 3339 dates. */
export function statusJson(status: RotationStatus): unknown {
  const {
    since,
    notBefore,
    notBeforeWithLockout,
    notAfter,
    dueAt,
    abortNotBefore,
    abortNotAfter,
    soak,
    outsideLife,
    declaredLife,
    users,
    ...rest
  } = status;
  const span = (seconds: number | null): string | null =>
    seconds === null ? null : formatDuration(seconds);
  const underWay = underWayOf(status);
  const isUnderWay = underWay !== null;
  return {
    ...rest,
    soak: span(soak),
    outsideLife: span(outsideLife),
    declaredLife: span(declaredLife),
    before: stepsJson(partsBefore(partsOf(status, status.next))),
    beforeAbort: stepsJson(partsBeforeReturn(status)),
    steps: underWay === null ? [] : stepsJson(partsOf(status, underWay)),
    users: [...new Set(users.map(({ cluster }) => cluster))],
    notAfter: notAfter?.toISOString() ?? null,
    dueAt: dueAt?.toISOString() ?? null,
    since: since?.toISOString() ?? null,
    abortNotBefore: abortNotBefore?.toISOString() ?? null,
    abortNotAfter: abortNotAfter?.toISOString() ?? null,
    notBefore: isUnderWay ? (notBefore?.toISOString() ?? null) : null,
    notBeforeWithLockout: isUnderWay ? (notBeforeWithLockout?.toISOString() ?? null) : null,
  };
}

/** What is to be rolled out, or has been, before the next stage. */
function underWayOf({ standing, takenBack }: RotationStatus): TransitionName | null {
  if (standing === 'steady') return null;
  if (standing === 'accepted') return 'accept';
  return takenBack ? 'abort-issue' : 'issue';
}

const partsOf = (
  { domain, users }: RotationStatus,
  rollout: TransitionName,
): readonly RolloutPart[] => rolloutParts(domain, rollout, [], users);

/** Who followed a retirement that was taken back in git trusts the new entry alone: what comes back must be accepted again. */
const partsBeforeReturn = (status: RotationStatus): readonly RolloutPart[] =>
  status.abortNotBefore === null ? [] : partsOf(status, 'accept');

/** Where one keyset stands, for people. */
export function statusLines(status: RotationStatus): string[] {
  const { keyset, standing, entries, since, commit, next, notBefore, blockers, unfit } = status;
  const [issuing, other] = entries;
  if (standing === 'steady') {
    const { notAfter, dueAt } = status;
    const until = notAfter === null ? '' : ` until ${notAfter.toISOString()}`;
    const due = dueAt === null ? '' : `, due for rotation on ${dueAt.toISOString()}`;
    return [
      `${keyset}: steady, ${issuing?.id ?? ''} is issuing${until}${due}`,
      ...rememberedText(status),
      ...managerLines(status).map((line) => `  before accept: ${line}`),
    ];
  }
  const names = `${issuing?.id ?? ''} is issuing, ${other?.id ?? ''} is ${other?.state ?? ''}`;
  const lines = [
    `${keyset}: ${standing}, ${names}`,
    ...(status.takenBack ? [`  the stage issue was taken back`] : []),
  ];
  if (since === null) {
    return [...lines, `  not on the base branch yet: merge it; it soaks from that commit`];
  }
  lines.push(`  on the base branch since ${since.toISOString()} (${(commit ?? '').slice(0, 12)})`);
  const lockout = status.notBeforeWithLockout;
  if (notBefore === null)
    lines.push(
      `  next: ${next}, only with --accept-lockout: nobody declares how long tokens live (rotation.maxTokenLife)`,
    );
  else lines.push(`  next: ${next}, not before ${notBefore.toISOString()}`);
  if (next === 'retire' && lockout !== null && lockout.getTime() !== notBefore?.getTime())
    lines.push(`  with --accept-lockout not before ${lockout.toISOString()}`);
  if (next === 'retire')
    lines.push(
      `  retire drops ${other?.id ?? ''}; the other way is --abort, which makes it issuing again${returnText(status)}`,
      `  the soak is ${formatDuration(status.soak)}, as declared now`,
      ...rememberedText(status),
    );
  return [
    ...lines,
    ...evidenceText(status),
    ...blockers.map((blocker) => `  first: ${blocker}`),
    ...beforeText(status.next, partsBefore(partsOf(status, status.next))),
    ...beforeText('--abort', partsBeforeReturn(status)),
    ...unfit.map((fault) => `  not to be issued, --abort takes it back: ${fault}`),
  ];
}

const returnText = ({ abortNotBefore: from, abortNotAfter: until }: RotationStatus): string =>
  (until === null ? '' : ` (its certificate ends on ${until.toISOString()})`) +
  (from === null
    ? ''
    : `, not before ${from.toISOString()}, as the stage retire was taken back in git: roll the stage out again with the steps that ROTATION.md has for accept, since who followed the retirement trusts the new entry alone`);

/** What the cluster says, and what it made of the date. */
function evidenceText({ evidence, notBefore }: RotationStatus): string[] {
  if (evidence === null) return [];
  const { holds, lacks, unseen, insteadOf } = evidence;
  const isEarlier = notBefore?.getTime() !== insteadOf?.getTime();
  return [
    `  evidence: ${isEarlier ? `instead of ${insteadOf?.toISOString() ?? 'a date that nobody knows'}` : 'not enough, so it waits'}`,
    ...holds.map((sentence) => `    seen: ${sentence}`),
    ...lacks.map((sentence) => `    lacking: ${sentence}`),
    ...unseen.map((who) => `    nobody can see: ${who}`),
  ];
}

/** What must hold first, which no tree tells; how to see it is in the runbook. */
const beforeText = (what: string, parts: readonly RolloutPart[]): string[] =>
  parts.flatMap(({ heading, steps }) =>
    steps.map(
      ({ title }) => `  before ${what}${heading === null ? '' : ` (${heading})`}: ${title}`,
    ),
  );

/** What was declared shorter does not shorten what was signed before. */
function rememberedText({ entries, outsideLife, declaredLife }: RotationStatus): string[] {
  if (outsideLife === null || declaredLife === null || outsideLife <= declaredLife) return [];
  const { id = '' } = entries.find(({ state }) => state === 'outgoing') ?? entries[0] ?? {};
  return [
    `  remembered: what ${id} signed outside of the tree lives up to ${formatDuration(outsideLife)}, though ${formatDuration(declaredLife)} is declared now`,
  ];
}
