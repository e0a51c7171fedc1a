import { formatDuration } from '../../model/store/duration.ts';
import type { RotationStatus } from '../../model/store/rotation.ts';

/** A status with RFC 3339 dates. */
export function statusJson(status: RotationStatus): unknown {
  const {
    since,
    notBefore,
    notBeforeWithLockout,
    notAfter,
    dueAt,
    soak,
    outsideLife,
    declaredLife,
    users,
    ...rest
  } = status;
  const span = (seconds: number | null): string | null =>
    seconds === null ? null : formatDuration(seconds);
  const isUnderWay = status.standing !== 'steady';
  return {
    ...rest,
    soak: span(soak),
    outsideLife: span(outsideLife),
    declaredLife: span(declaredLife),
    users: [...new Set(users.map(({ cluster }) => cluster))],
    notAfter: notAfter?.toISOString() ?? null,
    dueAt: dueAt?.toISOString() ?? null,
    since: since?.toISOString() ?? null,
    notBefore: isUnderWay ? (notBefore?.toISOString() ?? null) : null,
    notBeforeWithLockout: isUnderWay ? (notBeforeWithLockout?.toISOString() ?? null) : null,
  };
}

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
    ];
  }
  const names = `${issuing?.id ?? ''} is issuing, ${other?.id ?? ''} is ${other?.state ?? ''}`;
  const lines = [`${keyset}: ${standing}, ${names}`];
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
      `  retire drops ${other?.id ?? ''}; the other way is --abort, which makes it issuing again`,
      `  the soak is ${formatDuration(status.soak)}, as declared now`,
      ...rememberedText(status),
    );
  return [
    ...lines,
    ...blockers.map((blocker) => `  first: ${blocker}`),
    ...unfit.map((fault) => `  not to be issued, --abort takes it back: ${fault}`),
  ];
}

/** What was declared shorter does not shorten what was signed before. */
function rememberedText({ entries, outsideLife, declaredLife }: RotationStatus): string[] {
  if (outsideLife === null || declaredLife === null || outsideLife <= declaredLife) return [];
  const { id = '' } = entries.find(({ state }) => state === 'outgoing') ?? entries[0] ?? {};
  return [
    `  remembered: what ${id} signed outside of the tree lives up to ${formatDuration(outsideLife)}, though ${formatDuration(declaredLife)} is declared now`,
  ];
}
