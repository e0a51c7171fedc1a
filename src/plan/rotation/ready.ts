import type { RotationStatus } from '../../model/store/rotation.ts';

/**
 * Whether a stage follows by itself, whatever other keysets do: a rotation that is due begins, one that is under way goes on as soon as
 * it may. An authority below another is due, too, once that one issues with another entry, since its last stage waits for this one.
 *
 * @param all among them, where it is known, the authority above.
 */
export function isReady(
  status: RotationStatus,
  all: readonly RotationStatus[],
  now: Date,
): boolean {
  const { standing, notBefore, dueAt, blockers, unfit, issuer } = status;
  if (blockers.length + unfit.length > 0) return false;
  if (standing !== 'steady') return isPast(notBefore, now);
  const signer = aboveOf(status, all)?.entries.find(({ id }) => id === issuer?.id);
  return signer?.state === 'outgoing' || isPast(dueAt, now);
}

/**
 * Whether a rotation that is due is better begun later: the authority above is about to issue with another entry, after which this
 * one would be rotated again. It yields as a window does, where half of the time is left that it was to have.
 */
export function waitsForIssuer(
  status: RotationStatus,
  all: readonly RotationStatus[],
  now: Date,
): boolean {
  const above = aboveOf(status, all);
  const { standing, dueAt, notAfter } = status;
  if (above?.automatic !== true || standing !== 'steady' || !dueAt || !notAfter) return false;
  const half = new Date((dueAt.getTime() + notAfter.getTime()) / 2);
  if (isPast(half, now)) return false;
  return above.standing === 'accepted' || (above.standing === 'steady' && isPast(above.dueAt, now));
}

function aboveOf(
  { issuer }: RotationStatus,
  all: readonly RotationStatus[],
): RotationStatus | undefined {
  return all.find(({ keyset }) => keyset === issuer?.keyset);
}

const isPast = (date: Date | null, now: Date): boolean =>
  date !== null && now.getTime() >= date.getTime();
