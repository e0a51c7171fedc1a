import type { RotationStatus } from '../../model/store/rotation.ts';

/** Whether a stage follows by itself: a rotation that is due begins, one that is under way goes on as soon as it may. */
export function isReady(status: RotationStatus, now: Date): boolean {
  const { standing, dueAt, notBefore, blockers, unfit } = status;
  const from = standing === 'steady' ? dueAt : notBefore;
  return blockers.length + unfit.length === 0 && from !== null && now.getTime() >= from.getTime();
}
