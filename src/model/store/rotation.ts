import type { DesiredAuthority, DesiredKeyset, DesiredRotation, KeysetUser } from '../desired.ts';
import type { CredentialPath, Seconds } from '../names.ts';
import type { EntryState, IssuerId, ObservedEntry, ObservedKeyset } from '../observed.ts';
import type { UsedEvidence } from './evidence.ts';

/** The three stages of a rotation, in their order; each is one pull request, rolled out everywhere before the next. */
export type Stage = 'accept' | 'issue' | 'retire';

/** A change of a keyset's states: a stage, the way back from one, or the hard replacement after a compromise. */
export type TransitionName = Stage | 'abort-accept' | 'abort-issue' | 'replace';

/** Where a keyset stands, read from its entries alone: nothing under way, after `accept`, or after `issue`. */
export type Standing = 'steady' | 'accepted' | 'issued';

/** What a keyset is for: kubeadm's keysets, or any other authority. */
export type TrustDomain =
  'ca' | 'etcd-ca' | 'external-etcd-ca' | 'front-proxy-ca' | 'service-account-key' | 'authority';

/** Whose rollout a cluster can show, so that evidence may take the place of a soak (DESIGN §7). */
export const SHOWN_DOMAINS: ReadonlySet<TrustDomain> = new Set([
  'etcd-ca',
  'front-proxy-ca',
  'service-account-key',
]);

/** What somebody asked of `rotate`, or of `reissue`. */
export interface RotationRequest {
  readonly keyset: CredentialPath;
  readonly verb: 'status' | 'advance' | 'abort' | 'compromised' | 'reissue';
  /** Retire although what the outgoing entry signed outside of the tree may still be in use. */
  readonly acceptLockout: boolean;
}

/** What the base branch says of a keyset that is between two stages. */
export interface MergedStage {
  /** First-parent committer date of the commit that brought its `keyset.yaml`. */
  readonly since: Date;
  readonly commit: string;
  /** `keyset.yaml` as that commit has it. */
  readonly content: Uint8Array;
  /** A higher revision that its history has: somebody took stages back without a new signature, as `git revert` does. */
  readonly takenBack?: number;
  /** A higher revision that its history has, which had dropped an entry of this one: who follows that one does not trust it. */
  readonly retired?: number;
}

/** A transition of one keyset, planned. */
export interface PlannedTransition {
  readonly name: TransitionName;
  readonly desired: DesiredKeyset;
  readonly before: ObservedKeyset;
  /** As it will be; an entry that is still to be made has the id `NEW_ENTRY`. */
  readonly after: ObservedKeyset;
  readonly dropped: readonly ObservedEntry[];
}

/** A certificate that is signed again with the same key, planned. */
export interface PlannedReissue {
  readonly desired: DesiredAuthority;
  readonly entry: ObservedEntry;
}

/** Stands for the id of an entry whose key is still to be made. */
export const NEW_ENTRY = 'new';

/**
 * How long what has been issuing stays trusted after the stage `issue` is merged: until that is rolled out it still signs, so a soak
 * and the longest life of what it signs outside of the tree. Null where nobody knows that life.
 */
export function retirementWait({ soak, outsideLife }: RetirementWait): Seconds | null {
  return outsideLife === null ? null : soak + outsideLife;
}

/** What a retirement waits for: a soak, as it is declared now, and the longest life that its entry ever gave. */
export type RetirementWait = Pick<DesiredRotation, 'soak' | 'outsideLife'>;

/**
 * The longest life of what that entry signed outside of the tree which is to be retired next: what was declared while it signed, and
 * what is declared now; null where nobody knows.
 */
export function outsideLifeOf(
  {
    rotation: { outsideLife: declared },
  }: {
    readonly rotation: Pick<DesiredRotation, 'outsideLife'>;
  },
  entries: readonly {
    readonly state: EntryState | null;
    readonly outsideLife?: Seconds | undefined;
  }[],
): Seconds | null {
  if (declared === null) return null;
  const lives = (wanted: EntryState): number[] =>
    entries.flatMap(({ state, outsideLife }) => (state === wanted ? (outsideLife ?? 0) : []));
  return Math.max(
    declared,
    ...(lives('outgoing').length > 0 ? lives('outgoing') : lives('issuing')),
  );
}

/** When an entry was made; that its certificate was signed again does not change it. */
export const madeAt = ({
  certificate,
  issuedAt,
}: Pick<ObservedEntry, 'certificate' | 'issuedAt'>): Date => certificate?.notBefore ?? issuedAt;

/** From when a stage soaks: the commit that brought it may say that it is older than what it brought. */
export const soaksFrom = (
  merged: Date,
  entries: readonly Pick<ObservedEntry, 'certificate' | 'issuedAt'>[],
): Date => new Date(Math.max(merged.getTime(), ...entries.map((entry) => madeAt(entry).getTime())));

/** Whether the stage `issue` was taken back: what is to leave is younger than what issues. */
export function isTakenBack(
  entries: readonly { readonly state: EntryState | null; readonly madeAt?: Date | undefined }[],
): boolean {
  const made = (wanted: EntryState): number =>
    entries.find(({ state }) => state === wanted)?.madeAt?.getTime() ?? Number.NaN;
  return made('outgoing') > made('issuing');
}

/** Why `retire` may not follow yet: an authority below. */
export const belowBlocker = (keyset: CredentialPath): string =>
  `"${keyset}" has a certificate of the outgoing entry: rotate it first`;

/** `id state` of entries, sorted, so that two standings can be compared. */
export function entryTexts(entries: readonly Pick<ObservedEntry, 'id' | 'state'>[]): string[] {
  return entries.map(({ id, state }) => `${id} ${state}`).sort();
}

/** As above, where what nobody knew before stands for a key that is still to be made. */
export function entryTextsAfter(
  known: ReadonlySet<string>,
  entries: readonly Pick<ObservedEntry, 'id' | 'state'>[],
): string[] {
  return entryTexts(
    entries.map(({ id, state }) => ({ id: known.has(id) ? id : NEW_ENTRY, state })),
  );
}

/** Where a keyset stands and what may follow. */
export interface RotationStatus {
  readonly keyset: CredentialPath;
  readonly domain: TrustDomain;
  /** Clusters that share it, and what follows there. */
  readonly users: readonly KeysetUser[];
  /** Clusters that have its key for a kube-controller-manager whose manifest is not of the tree. */
  readonly foreignManagers: readonly string[];
  readonly standing: Standing;
  /** What is outgoing is the newer entry: the stage `issue` was taken back. */
  readonly takenBack: boolean;
  readonly entries: readonly Pick<ObservedEntry, 'id' | 'state'>[];
  /** The commit of the base branch that brought the standing; null where nothing is under way, and where it is not merged. */
  readonly since: Date | null;
  readonly commit: string | null;
  readonly next: Stage;
  /** Whether stages are proposed without being asked for. */
  readonly automatic: boolean;
  /** When the certificate of the issuing entry ends; null for a key, which has no end. */
  readonly notAfter: Date | null;
  /** What signed the issuing entry; null for one that signed itself, and for a key. */
  readonly issuer: IssuerId | null;
  /** From when the issuing entry is due for rotation; null for a key. */
  readonly dueAt: Date | null;
  /** From when the next stage may follow; null while the standing is not on the base branch, and where nobody knows what is in use. */
  readonly notBefore: Date | null;
  /** With `--accept-lockout`; the same as `notBefore` but before `retire`. */
  readonly notBeforeWithLockout: Date | null;
  /** From when the stage may be taken back; null where that is at any time, as no stage dropped what comes back. */
  readonly abortNotBefore: Date | null;
  /** Until when: the end of what would issue again; null where nothing would, and where it is a key, which has no end. */
  readonly abortNotAfter: Date | null;
  /** What a soak is, as declared now. */
  readonly soak: Seconds;
  /** How long that lives which the entry to be retired, or the one that signs, signed outside of the tree; null where nobody knows. */
  readonly outsideLife: Seconds | null;
  /** As it is declared now, which may be less. */
  readonly declaredLife: Seconds | null;
  /** What else must hold first. */
  readonly blockers: readonly string[];
  /** Why the incoming entry must never sign: it is to be taken back. */
  readonly unfit: readonly string[];
  /** Who reads what the stage changed, and cannot be seen from the cluster; of what is between two stages alone. */
  readonly unseen: readonly string[];
  /** What the cluster says; null where nobody asked it. */
  readonly evidence: UsedEvidence | null;
}

/** What can be done about an authority that nears its end: commands, and what each costs. */
export function waysToExtend(path: string): string {
  const [cluster = '', keyset = ''] = path.split('/');
  return `cdk8s-pki rotate ${cluster} ${keyset} (a new key, in stages, which takes weeks) or cdk8s-pki reissue ${cluster} ${keyset} (the key that it has for longer, in one change)`;
}
