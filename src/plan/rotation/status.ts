import type { DesiredKeyset, KeysetUser } from '../../model/desired.ts';
import { addSeconds, rotationDueAt } from '../renewal.ts';
import type { CredentialPath } from '../../model/names.ts';
import type { ObservedKeyset } from '../../model/observed.ts';
import {
  belowBlocker,
  isTakenBack,
  madeAt,
  outsideLifeOf,
  retirementWait,
  soaksFrom,
  type MergedStage,
  type RotationStatus,
  type TrustDomain,
} from '../../model/store/rotation.ts';
import { MOVES, standingOf } from './transitions.ts';
import { unfitFaults, type Surroundings } from './unfit.ts';

/**
 * Where a keyset stands, and from when its next stage may follow (DESIGN §7). A standing soaks from the commit that brought it to the
 * base branch, so what is not merged never soaks. What has been issuing leaves the trust bundle only after the longest life of what
 * it signed outside of the tree, or with a lockout that somebody accepts.
 *
 * @param facts `merged`: what the base branch has of it, undefined where that is another state; `below`: keysets with an entry that
 *   this one's outgoing entry signed; `domain`: what it is for; `users`: clusters that share it; `compromised`: names of recipients in
 *   wrong hands; `foreignManagers`, `unseen`: as the status has them; `now`: tells which entries have ended, none where nobody says.
 */
export function rotationStatus(
  desired: DesiredKeyset,
  { path, entries }: ObservedKeyset,
  {
    merged,
    below = [],
    domain = 'authority',
    users = [],
    foreignManagers = [],
    compromised = new Set(),
    keyset = () => undefined,
    now = new Date(0),
    unseen = [],
  }: Partial<Surroundings> & {
    readonly merged?: MergedStage | undefined;
    readonly below?: readonly CredentialPath[];
    readonly domain?: TrustDomain;
    readonly users?: readonly KeysetUser[];
    readonly foreignManagers?: readonly string[];
    readonly unseen?: readonly string[];
  },
): RotationStatus {
  const { rotation } = desired;
  const standing = standingOf(entries);
  const { next } = MOVES[standing];
  const notAfter = entries[0]?.certificate?.notAfter;
  const base = {
    keyset: path,
    domain,
    users,
    foreignManagers,
    standing,
    takenBack: isTakenBack(entries.map((entry) => ({ ...entry, madeAt: madeAt(entry) }))),
    entries: entries.map(({ id, state }) => ({ id, state })),
    next,
    automatic: rotation.automatic,
    soak: rotation.soak,
    unseen,
    evidence: null,
    outsideLife: outsideLifeOf({ rotation }, entries),
    declaredLife: rotation.outsideLife,
    notAfter: notAfter ?? null,
    issuer: entries[0]?.issuer ?? null,
    unfit: entries.flatMap((entry) => unfitFaults(entry, desired, { compromised, keyset, now })),
    dueAt:
      notAfter === undefined || desired.kind !== 'CertificateAuthority'
        ? null
        : rotationDueAt(desired, notAfter),
  };
  if (standing === 'steady') {
    const always = new Date(0);
    const when = { notBefore: always, notBeforeWithLockout: always };
    return { ...base, ...when, since: null, commit: null, ...NO_RETURN, blockers: [] };
  }
  const { soak } = rotation;
  const outgoing = entries.find(({ state }) => state === 'outgoing');
  const wait = retirementWait({ soak, outsideLife: base.outsideLife });
  const since = merged === undefined ? null : soaksFrom(merged.since, entries);
  const soaked = since === null ? null : addSeconds(since, soak);
  const outlived = since === null || wait === null ? null : addSeconds(since, wait);
  return {
    ...base,
    since,
    commit: merged?.commit ?? null,
    notBefore: next === 'retire' ? outlived : soaked,
    notBeforeWithLockout: soaked,
    abortNotBefore: next === 'retire' && merged?.retired !== undefined ? soaked : null,
    abortNotAfter: outgoing?.certificate?.notAfter ?? null,
    blockers: [
      ...takenBack(merged),
      ...(next === 'retire' ? below.map((keyset) => belowBlocker(keyset)) : []),
    ],
  };
}

const NO_RETURN = { abortNotBefore: null, abortNotAfter: null };

/** What a later revision issued is in use, and the states do not say so. */
function takenBack(merged: MergedStage | undefined): string[] {
  if (merged?.takenBack === undefined) return [];
  return [
    `revision ${merged.takenBack} of it was taken back in git: bring that back (git revert of the revert), then use --abort`,
  ];
}
