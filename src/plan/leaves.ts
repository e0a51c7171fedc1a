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
  /** Issued though its issuer has too little left to renew it once more: it may end with that. */
  readonly isLast: boolean;
}

const DAY: Seconds = 86_400;

/** Reasons that leave a certificate as it is where its issuer has no life left that another one would gain. */
const OF_TIME: ReadonlySet<Reason> = new Set(['Requested', 'Expired', 'RenewalDue']);

/** Reasons that end a certificate, whatever life its issuer has left for the next one. */
const OF_NEED: ReadonlySet<Reason> = new Set(['IssuerRetired', 'Revoked', 'Exposed']);

/**
 * Which leaves of a cluster are issued, in the order of the declaration. What is due on a node takes along what is due there soon,
 * whatever its window, so that pods restart once. What its issuer cannot sign any more, or for the last time, is a finding. Where the
 * chain looks at the time, what is due and waits for its window is told.
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
  const gains = (desired: DesiredLeaf, issuerEnds: Date): boolean =>
    gainsLife(store?.leaves.get(desired.path), desired, issuerEnds, now);
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
    const end = issuerEnd(keyset(desired.issuer), desired, now);
    if (end !== undefined && OF_TIME.has(verdict.reason) && !gains(desired, end)) {
      held.push(heldBack(desired, verdict, end));
      continue;
    }
    const isLast =
      end !== undefined && (OF_TIME.has(verdict.reason) || OF_NEED.has(verdict.reason));
    planned.set(desired, { desired, verdict, isLast });
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
    const end = issuerEnd(keyset(desired.issuer), desired, now);
    if (end !== undefined && !gains(desired, end)) return undefined;
    const due = dueAt(desired.path, desired, life).toISOString();
    const message = `due on ${due}, goes along with "${first.name}" of its node`;
    return { desired, verdict: { reason: 'RenewalDue', message }, isLast: end !== undefined };
  };
  const issue = leaves.flatMap((desired) => planned.get(desired) ?? along(desired) ?? []);
  for (const { desired, isLast } of issue)
    if (isLast) held.push(...shortened(keyset(desired.issuer), desired, now));
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
function shortened(issuer: ObservedKeyset | undefined, desired: DesiredLeaf, now: Date): Finding[] {
  const ends = issuerEnd(issuer, desired, now);
  if (ends === undefined || endOf(desired, ends, now) < ends) return [];
  const { cluster, path } = desired;
  const message = `it is issued until ${ends.toISOString()} only, when its issuer "${desired.issuer}" ends, and cannot be renewed before: reissue that, or rotate it, before then`;
  return [{ code: 'RotationNeeded', cluster, credential: path, message }];
}

/** When a certificate that is issued now ends. */
function endOf({ validity }: DesiredLeaf, issuerEnds: Date, now: Date): Date {
  return new Date(Math.min(issuerEnds.getTime(), now.getTime() + validity * 1000));
}

/**
 * Whether another certificate, which may end with its issuer, is good for longer than the one that is in use: by a day, or by a third
 * of its validity where that is less. Once it ends with its issuer it gains no more: else each run would issue the next.
 */
function gainsLife(
  observed: ObservedLeaf | UnreadableLeaf | undefined,
  desired: DesiredLeaf,
  issuerEnds: Date,
  now: Date,
): boolean {
  if (observed === undefined || 'unreadable' in observed) return false;
  const ends = Math.max(observed.certificate.notAfter.getTime(), now.getTime());
  const least = Math.min(DAY, desired.validity / 3) * 1000;
  return endOf(desired, issuerEnds, now).getTime() - ends >= least;
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
