import type { Evidence } from '../../model/store/evidence.ts';
import { retirementWait, type RotationStatus } from '../../model/store/rotation.ts';
import { addSeconds } from '../renewal.ts';

/**
 * Where a keyset stands, with what its cluster says of it: that every process started with the stage is what a soak is for
 * (DESIGN §7). Evidence never makes anything wait longer, and says nothing of a stage that is not merged.
 */
export function withEvidence(
  status: RotationStatus,
  evidence: Evidence | undefined,
): RotationStatus {
  const { standing, since, notBefore, notBeforeWithLockout } = status;
  if (evidence === undefined || standing === 'steady' || since === null) return status;
  const from = earlier(earliest(since, status, evidence), notBefore);
  return {
    ...status,
    notBefore: from,
    notBeforeWithLockout: earlier(from, notBeforeWithLockout),
    evidence: { ...evidence, insteadOf: notBefore },
  };
}

function earliest(
  since: Date,
  { next, soak, outsideLife }: RotationStatus,
  { isRolledOut }: Evidence,
): Date | null {
  const life = next === 'retire' ? outsideLife : 0;
  // when it was rolled out nobody can say: what the outgoing entry signed until then lives as long as it does
  const wait = retirementWait({ soak: isRolledOut && life === 0 ? 0 : soak, outsideLife: life });
  return wait === null ? null : addSeconds(since, wait);
}

const earlier = (one: Date | null, other: Date | null): Date | null =>
  one === null || (other !== null && other < one) ? other : one;

/** Whether the next stage follows now through evidence alone. */
export function isByEvidence({ evidence, notBefore }: RotationStatus, now: Date): boolean {
  if (evidence === null || notBefore === null || now < notBefore) return false;
  return evidence.insteadOf === null || now < evidence.insteadOf;
}
