import type {
  DesiredCluster,
  DesiredKeyset,
  DesiredUnit,
  RemovedRecipient,
} from '../model/desired.ts';
import type { CredentialPath, Seconds, TreePath } from '../model/names.ts';
import type {
  ObservedCluster,
  ObservedKeyset,
  ObservedLeaf,
  UnreadableLeaf,
} from '../model/observed.ts';
import type { Action, Finding, Waiting } from '../model/plan.ts';
import type { PastCertificate } from '../model/observed.ts';
import type { PlannedCrl } from '../model/store/revocations.ts';
import type { PlannedReissue } from '../model/store/rotation.ts';
import { exposedText, type ReasonedCheck } from './checks.ts';
import { planLeaves, type PlannedLeaf } from './leaves.ts';
import { authorityFindings, longestLeaf } from './authority.ts';
import { crlAction, planCrl } from './revocation/crl.ts';
import { exposedCertificates } from './revocation/exposed.ts';
import { memoryAction, planMemories, type PlannedMemory } from './rotation/outside-life.ts';
import { planReissues, reissueAction } from './rotation/plan-reissue.ts';
import {
  areRecipients,
  compromisedNames,
  recipientsText,
  withLeaving,
} from '../model/recipients.ts';

/** What a unit looks like now: the store of each cluster, and keysets of other units that this one uses. */
export interface ObservedUnit {
  readonly clusters: ReadonlyMap<string, ObservedCluster>;
  readonly foreignKeysets: ReadonlyMap<CredentialPath, ObservedKeyset>;
  /** Those of them whose keys are made in this run: they sign without an identity. */
  readonly foreignMade: ReadonlySet<CredentialPath>;
  /** Keysets that are made anew on purpose. */
  readonly replaced: ReadonlySet<string>;
  /** By credential, recipients that leave outputs with its private key. */
  readonly leaving: ReadonlyMap<CredentialPath, ReadonlySet<string>>;
  /** By authority, the longest life that outputs let kube-controller-manager give to what it signs. */
  readonly signingLives: ReadonlyMap<CredentialPath, Seconds>;
  /** Certificates of leaves that their authority signed, with keys that compromised recipients could open in some commit. */
  readonly exposed: readonly PastCertificate[];
}

export interface PlannedReencryption {
  readonly path: CredentialPath;
  readonly file: TreePath;
  readonly recipients: readonly string[];
  readonly formerRecipients: readonly string[];
}

/** What has to happen in the store of a unit, in the order in which it can be done. */
export interface UnitPlan {
  readonly create: readonly DesiredKeyset[];
  readonly memories: readonly PlannedMemory[];
  readonly reissues: readonly PlannedReissue[];
  readonly issue: readonly PlannedLeaf[];
  readonly crls: readonly PlannedCrl[];
  readonly reencrypt: readonly PlannedReencryption[];
  readonly remove: readonly { readonly path: CredentialPath; readonly file: TreePath }[];
  readonly actions: readonly Action[];
  readonly findings: readonly Finding[];
  readonly waiting: readonly Waiting[];
}

/**
 * Compares what is declared with what the store holds. Pure. Authorities and service-account keys never pass through `chain`:
 * one that is not there is created, one that differs from its declaration is a finding.
 */
export function plan(
  desired: DesiredUnit,
  observed: ObservedUnit,
  options: {
    readonly chain: readonly ReasonedCheck[];
    /** Names of credentials that somebody asked for. */
    readonly requested?: readonly string[];
    readonly removedRecipients: readonly RemovedRecipient[];
    readonly now: Date;
  },
): UnitPlan {
  const plans = desired.clusters.map((cluster) => planCluster(cluster, observed, options));
  return {
    create: issuersFirst(plans.flatMap(({ create }) => create)),
    memories: plans.flatMap(({ memories }) => memories),
    reissues: plans.flatMap(({ reissues }) => reissues),
    issue: plans.flatMap(({ issue }) => issue),
    crls: plans.flatMap(({ crls }) => crls),
    reencrypt: plans.flatMap(({ reencrypt }) => reencrypt),
    remove: plans.flatMap(({ remove }) => remove),
    actions: plans.flatMap(({ actions }) => actions),
    findings: plans.flatMap(({ findings }) => findings),
    waiting: plans.flatMap(({ waiting }) => waiting),
  };
}

function planCluster(
  cluster: DesiredCluster,
  unit: ObservedUnit,
  { chain, requested = [], removedRecipients, now }: Parameters<typeof plan>[2],
): UnitPlan {
  const store = unit.clusters.get(cluster.name);
  const keyset = (path: CredentialPath): ObservedKeyset | undefined =>
    unit.clusters.get(path.split('/')[0] ?? '')?.keysets.get(path) ?? unit.foreignKeysets.get(path);
  const needsIdentity = (issuer: CredentialPath | null): boolean =>
    issuer !== null && keyset(issuer) !== undefined && !unit.foreignMade.has(issuer);
  const compromised = compromisedNames(removedRecipients);
  const leavingOf = (path: CredentialPath): ReadonlySet<string> =>
    unit.leaving.get(path) ?? new Set();

  const keysets: readonly DesiredKeyset[] = [...cluster.authorities, ...cluster.serviceAccountKeys];
  const create = keysets.filter(({ path }) => keyset(path) === undefined);
  const { issue, held, waiting } = planLeaves(cluster, store, keyset, {
    chain,
    requested,
    compromised,
    leavingOf,
    now,
  });
  const memories = planMemories(cluster, store, unit.signingLives);
  const reissues = planReissues(cluster, store);
  const isTimed = chain.some(({ reason }) => reason === 'RenewalDue');
  const crls = cluster.authorities.flatMap((desired) => {
    const longest = longestLeaf(cluster, desired.path);
    const of = store?.keysets.get(desired.path);
    return planCrl(desired, of, { longestLeaf: longest, isTimed, now }) ?? [];
  });

  const issued = new Set(issue.map(({ desired }) => desired.path));
  const declared = new Set(cluster.leaves.map(({ path }) => path));
  const replaced = store?.replaced ?? [];
  const stored = [...(store?.leaves.values() ?? [])];
  const remove = stored
    .filter(({ path }) => !declared.has(path))
    .map(({ path, file }) => ({ path, file }));
  const kept = stored.filter(
    (leaf): leaf is ObservedLeaf =>
      !('unreadable' in leaf) && declared.has(leaf.path) && !issued.has(leaf.path),
  );
  const entries = [...(store?.keysets.values() ?? [])].flatMap(({ path, entries: all }) =>
    all.map((entry) => ({
      ...entry,
      path,
      // outputs hold the key that issues
      leaving: entry.state === 'issuing' ? leavingOf(path) : new Set<string>(),
    })),
  );
  const leaves = kept.map((leaf) => ({ ...leaf, leaving: leavingOf(leaf.path) }));
  const reencrypt = [...entries, ...leaves].flatMap((observed) => {
    const { path, file, recipients: was, leaving } = observed;
    const { recipients } = cluster;
    const formerRecipients = withLeaving(observed, recipients, leaving);
    const isCurrent = areRecipients(was, recipients);
    if (isCurrent && formerRecipients.length === observed.formerRecipients.length) return [];
    const message = isCurrent
      ? `an output was encrypted to ${[...leaving].join(', ')}, which is remembered`
      : recipientsText(was, recipients);
    return [{ path, file, recipients, formerRecipients, message }];
  });
  const exposed = exposedCertificates(cluster.name, unit.exposed, {
    keyset,
    isExposed: ({ keyset: path, id }) => {
      const entry = keyset(path)?.entries.find((one) => one.id === id);
      return entry !== undefined && exposedText(entry, compromised, leavingOf(path)) !== undefined;
    },
    now,
  });
  const exposedEntries = entries.flatMap(({ path, id, leaving, ...entry }): Finding[] => {
    if (entry.state === 'incoming') return []; // its rotation is to be taken back
    const text = exposedText(entry, compromised, leaving);
    return text === undefined
      ? []
      : [
          {
            code: 'RotationNeeded',
            cluster: cluster.name,
            credential: path,
            message: `${id}: ${text}`,
          },
        ];
  });

  const action = (
    name: Action['action'],
    credential: CredentialPath,
    reason: string,
    message: string,
    needsIdentity: boolean,
  ): Action => ({
    action: name,
    cluster: cluster.name,
    credential,
    reason,
    message,
    needsIdentity,
  });
  return {
    create,
    memories,
    reissues,
    issue,
    crls,
    reencrypt,
    remove: [...remove, ...replaced],
    findings: [
      ...authorityFindings(cluster, store, { keyset, compromised, now }),
      ...held,
      ...exposedEntries,
      ...exposed,
    ],
    waiting,
    actions: [
      ...create.map((desired) => {
        const issuer = desired.kind === 'CertificateAuthority' ? desired.issuer : null;
        const [reason, message] = unit.replaced.has(desired.path)
          ? ['Replaced', lockout(desired)]
          : ['Missing', 'the store has no such keyset'];
        return action('create', desired.path, reason, message, needsIdentity(issuer));
      }),
      ...memories.map(memoryAction),
      ...reissues.map(reissueAction),
      ...crls.map(crlAction),
      ...issue.map(({ desired, verdict }) => {
        const { reason, message } = verdict;
        return action('issue', desired.path, reason, message, needsIdentity(desired.issuer));
      }),
      ...reencrypt.map(({ path, message }) =>
        action('reencrypt', path, 'RecipientsChanged', message, true),
      ),
      ...remove.map(({ path }) =>
        action('delete', path, 'NotDeclared', goneText(store?.leaves.get(path), now), false),
      ),
      ...replaced.map(({ path }) =>
        action('delete', path, 'Replaced', 'its keyset is made anew', false),
      ),
    ],
  };
}

/** That it goes ends nobody's use of it. */
function goneText(leaf: ObservedLeaf | UnreadableLeaf | undefined, now: Date): string {
  const text = 'it is no longer declared';
  const end = leaf === undefined || 'unreadable' in leaf ? undefined : leaf.certificate.notAfter;
  return end === undefined || end < now
    ? text
    : `${text}; unless it is revoked, its certificate is good until ${end.toISOString()}`;
}

/** Who is locked out by a keyset that is made anew without a rotation. */
function lockout({ kind }: DesiredKeyset): string {
  return kind === 'CertificateAuthority'
    ? 'made anew: all that trust the old one refuse what this one issues until they have its certificate, and what the old one issued is refused'
    : 'made anew: every token that the old key signed is refused';
}

/** Clusters of a unit may issue for each other in a circle; authorities never do. */
function issuersFirst(keysets: readonly DesiredKeyset[]): DesiredKeyset[] {
  const byPath = new Map(keysets.map((keyset) => [keyset.path, keyset]));
  const ordered = new Set<DesiredKeyset>();
  const place = (keyset: DesiredKeyset): void => {
    const issuer = keyset.kind === 'CertificateAuthority' ? keyset.issuer : null;
    const above = issuer === null ? undefined : byPath.get(issuer);
    byPath.delete(keyset.path); // once, and never in a circle
    if (above !== undefined) place(above);
    ordered.add(keyset);
  };
  for (const keyset of keysets) if (byPath.has(keyset.path)) place(keyset);
  return [...ordered];
}
