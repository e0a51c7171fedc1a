import type { DesiredCluster, DesiredLeaf } from '../model/desired.ts';
import type { CredentialPath, Seconds } from '../model/names.ts';
import type {
  ObservedCluster,
  ObservedKeyset,
  ObservedLeaf,
  UnreadableLeaf,
} from '../model/observed.ts';
import type { Finding, Reason, Verdict, Waiting } from '../model/plan.ts';
import { meansCredential } from '../model/selection.ts';
import { issuerFloor } from '../model/x509.ts';
import { judge, lifeOf, type LeafInput, type ReasonedCheck } from './checks.ts';
import { dueAt, mayGoAlong, waitsForWindow } from './renewal.ts';

export interface PlannedLeaf {
  readonly desired: DesiredLeaf;
  readonly verdict: Verdict;
  /** Issued for as long as its issuer lives, which is too short to renew it once more. */
  readonly isLast: boolean;
}

const LEAST_GAIN: Seconds = 86_400;

/** Reasons that leave a certificate as it is where its issuer has no life left that another one would gain. */
const OF_TIME: ReadonlySet<Reason> = new Set(['Requested', 'Expired', 'RenewalDue']);

/**
 * Which leaves of a cluster are issued, in the order of the declaration. What is due on a node takes along what is due there soon,
 * whatever its window, so that pods restart once. What its issuer cannot sign any more, or for the last time, is a finding. Where the chain looks at the
 * time, what is due and waits for its window is told.
 */
export function planLeaves(
  { leaves }: DesiredCluster,
  store: ObservedCluster | undefined,
  keyset: (path: CredentialPath) => ObservedKeyset | undefined,
  {
    chain,
    requested,
    leavingOf,
    ...input
  }: Pick<LeafInput, 'compromised' | 'now'> & {
    readonly chain: readonly ReasonedCheck[];
    readonly requested: readonly string[];
    readonly leavingOf: (path: CredentialPath) => ReadonlySet<string>;
  },
): {
  readonly issue: readonly PlannedLeaf[];
  readonly held: readonly Finding[];
  readonly waiting: readonly Waiting[];
} {
  const { now } = input;
  const planned = new Map<DesiredLeaf, PlannedLeaf>();
  const held: Finding[] = [];
  for (const desired of leaves) {
    const verdict = judge(chain, {
      ...input,
      desired,
      observed: store?.leaves.get(desired.path),
      issuer: keyset(desired.issuer),
      leaving: leavingOf(desired.path),
      requested: requested.some((name) => meansCredential(name, desired.path)),
    });
    if (verdict === undefined) continue;
    const isOfTime = OF_TIME.has(verdict.reason);
    const end = issuerEnd(keyset(desired.issuer), desired, now);
    const isShort = end !== undefined && (isOfTime || verdict.reason === 'IssuerRetired');
    if (isShort && isOfTime && !gains(store?.leaves.get(desired.path), end, now)) {
      held.push(heldBack(desired, verdict, end));
      continue;
    }
    if (isShort) held.push(shortened(desired, end));
    planned.set(desired, { desired, verdict, isLast: isShort });
  }

  const nodes = new Map<string, DesiredLeaf>();
  for (const [desired, { verdict }] of planned)
    if (desired.node !== null && ['RenewalDue', 'Expired'].includes(verdict.reason))
      nodes.set(desired.node, nodes.get(desired.node) ?? desired);
  const along = (desired: DesiredLeaf): PlannedLeaf | undefined => {
    const first = desired.node === null ? undefined : nodes.get(desired.node);
    const observed = store?.leaves.get(desired.path);
    if (first === undefined || observed === undefined || 'unreadable' in observed) return undefined;
    const life = lifeOf(observed);
    if (!mayGoAlong(desired.path, desired, life, now)) return undefined;
    if (issuerEnd(keyset(desired.issuer), desired, now) !== undefined) return undefined;
    const due = dueAt(desired.path, desired, life).toISOString();
    const message = `due on ${due}, goes along with "${first.name}" of its node`;
    return { desired, verdict: { reason: 'RenewalDue', message }, isLast: false };
  };
  const issue = leaves.flatMap((desired) => planned.get(desired) ?? along(desired) ?? []);
  const told = new Set([...issue.map(({ desired }) => desired.path), ...held.map(credentialOf)]);
  const looksAtTime = chain.some(({ reason }) => reason === 'RenewalDue');
  const waiting = leaves.flatMap((desired): Waiting[] => {
    const { path: credential, cluster, renewalWindows } = desired;
    const observed = store?.leaves.get(credential);
    if (!looksAtTime || renewalWindows.length === 0 || told.has(credential)) return [];
    if (observed === undefined || 'unreadable' in observed) return [];
    const waits = waitsForWindow(credential, desired, lifeOf(observed), now);
    return waits === undefined ? [] : [{ cluster, credential, ...waits }];
  });
  return { issue, held, waiting };
}

function credentialOf({ credential }: Finding): CredentialPath {
  return credential;
}

function heldBack({ cluster, path, issuer }: DesiredLeaf, verdict: Verdict, ends: Date): Finding {
  const message = `${verdict.message}, and its issuer "${issuer}" ends on ${ends.toISOString()}, too soon to issue it again: rotate the issuer, or reissue it`;
  return { code: 'RotationNeeded', cluster, credential: path, message };
}

/** An issuer whose rotation is late, or taken back late, leaves certificates of which nobody can issue another. */
function shortened({ cluster, path, issuer }: DesiredLeaf, ends: Date): Finding {
  const message = `it is issued until ${ends.toISOString()} only, when its issuer "${issuer}" ends, and cannot be renewed before: reissue that, or rotate it, before then`;
  return { code: 'RotationNeeded', cluster, credential: path, message };
}

/**
 * Whether another certificate, which ends with its issuer, is good for a day more than the one that is in use. Once it is issued it
 * gains no more: else each run would issue the next.
 */
function gains(
  observed: ObservedLeaf | UnreadableLeaf | undefined,
  issuerEnds: Date,
  now: Date,
): boolean {
  if (observed === undefined || 'unreadable' in observed) return false;
  const ends = Math.max(observed.certificate.notAfter.getTime(), now.getTime());
  return issuerEnds.getTime() - ends >= LEAST_GAIN * 1000;
}

/** When the issuer ends, where that is too soon to issue another leaf. */
function issuerEnd(
  issuer: ObservedKeyset | undefined,
  desired: DesiredLeaf,
  now: Date,
): Date | undefined {
  const entry = issuer?.entries.find(({ state }) => state === 'issuing');
  const end = entry?.reissue?.notAfter ?? entry?.certificate?.notAfter;
  const isTooSoon =
    end !== undefined &&
    end.getTime() - Math.floor(now.getTime() / 1000) * 1000 < issuerFloor(desired) * 1000;
  return isTooSoon ? end : undefined;
}
