import { DEFAULTS } from '../catalog/defaults.ts';
import type { CredentialPath } from '../model/names.ts';
import type { ObservedKeyset } from '../model/observed.ts';
import { formatDuration } from '../model/store/duration.ts';
import {
  outsideLifeOf,
  soaksFrom,
  type RetirementWait,
  type TransitionName,
} from '../model/store/rotation.ts';
import { addSeconds } from '../plan/renewal.ts';
import { flag, type FlagPlace } from './flags.ts';
import type { Flag } from './report.ts';

/** What stages wait for, as far as somebody knows it. */
export interface StageWaits {
  readonly now: Date;
  /** Since when the base has the stage that it has; of what is not among them nothing is said. */
  readonly since: ReadonlyMap<CredentialPath, Date>;
  /** As it is declared; without a declaration, defaults and what entries remember. */
  readonly declared?: ReadonlyMap<CredentialPath, RetirementWait> | undefined;
}

/**
 * What a stage did not wait for, as its base tells: the same change has no such flag once that time has come.
 *
 * @param before the keyset as the base has it.
 */
export function earlyFlags(
  stage: TransitionName,
  before: ObservedKeyset,
  { now, since, declared }: StageWaits,
  place: FlagPlace,
): Flag[] {
  const { path, entries } = before;
  const merged = since.get(path);
  if (merged === undefined || (stage !== 'issue' && stage !== 'retire')) return [];
  const from = soaksFrom(merged, entries);
  const known = declared?.get(path);
  const rotation = known ?? undeclared(before);
  const text = `${path} goes on to "${stage}"`;
  const life = stage === 'issue' ? 0 : outsideLifeOf({ rotation }, entries);
  const outlived = life === null ? null : addSeconds(from, life);
  const isLockout = life !== 0 && (outlived === null || now < outlived);
  // a lockout that is accepted waits for a soak alone
  const due = addSeconds(from, rotation.soak + (isLockout ? 0 : (life ?? 0)));
  const flags: Flag[] = [];
  if (now < due) {
    const soak = `${formatDuration(rotation.soak)}${known === undefined ? ', unless another is declared' : ''}`;
    const message = `${text} before ${due.toISOString()}: the base has the stage before it since ${from.toISOString()}, and its soak (${soak}) is not over, so it may not be everywhere; only evidence that it is justifies that`;
    flags.push(flag('StageEarly', message, place));
  }
  if (!isLockout) return flags;
  const outgoing = entries.find(({ state }) => state === 'outgoing')?.id ?? '';
  const what =
    before.kind === 'ServiceAccountKey'
      ? `a token that the outgoing key ${outgoing} signed`
      : `a certificate of the outgoing entry ${outgoing} that is not in this tree`;
  const until =
    outlived === null
      ? 'nobody says how long tokens live (rotation.maxTokenLife)'
      : `the last of that would have ended by ${outlived.toISOString()}`;
  const message = `${text}, which locks out whoever still has ${what}: ${until}`;
  return [...flags, flag('LockoutAccepted', message, place)];
}

/** How long tokens live is remembered where it is declared. */
function undeclared({ kind, entries }: ObservedKeyset): RetirementWait {
  const isKnown =
    kind === 'CertificateAuthority' || entries.some(({ outsideLife }) => outsideLife !== undefined);
  return { soak: DEFAULTS.soak, outsideLife: isKnown ? 0 : null };
}
