import type {
  DesiredCluster,
  DesiredKeyset,
  DesiredLeaf,
  DesiredUnit,
  RemovedRecipient,
} from '../model/desired.ts';
import type { CredentialPath, TreePath } from '../model/names.ts';
import type { ObservedCluster, ObservedKeyset, ObservedLeaf } from '../model/observed.ts';
import type { Action, Finding, Verdict } from '../model/plan.ts';
import { judge, type ReasonedCheck } from './checks.ts';
import { authorityFindings } from './authority.ts';
import { areRecipients } from '../model/recipients.ts';

/** What a unit looks like now: the store of each cluster, and keysets of other units that this one uses. */
export interface ObservedUnit {
  readonly clusters: ReadonlyMap<string, ObservedCluster>;
  readonly foreignKeysets: ReadonlyMap<CredentialPath, ObservedKeyset>;
  /** Those of them whose keys are made in this run: they sign without an identity. */
  readonly foreignMade: ReadonlySet<CredentialPath>;
  /** Keysets that are made anew on purpose. */
  readonly replaced: ReadonlySet<string>;
}

export interface PlannedLeaf {
  readonly desired: DesiredLeaf;
  readonly verdict: Verdict;
}

export interface PlannedReencryption {
  readonly path: CredentialPath;
  readonly file: TreePath;
  readonly recipients: readonly string[];
}

/** What has to happen in the store of a unit, in the order in which it can be done. */
export interface UnitPlan {
  readonly create: readonly DesiredKeyset[];
  readonly issue: readonly PlannedLeaf[];
  readonly reencrypt: readonly PlannedReencryption[];
  readonly remove: readonly { readonly path: CredentialPath; readonly file: TreePath }[];
  readonly actions: readonly Action[];
  readonly findings: readonly Finding[];
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
    readonly removedRecipients: readonly RemovedRecipient[];
    readonly now: Date;
  },
): UnitPlan {
  const plans = desired.clusters.map((cluster) => planCluster(cluster, observed, options));
  return {
    create: plans.flatMap(({ create }) => create),
    issue: plans.flatMap(({ issue }) => issue),
    reencrypt: plans.flatMap(({ reencrypt }) => reencrypt),
    remove: plans.flatMap(({ remove }) => remove),
    actions: plans.flatMap(({ actions }) => actions),
    findings: plans.flatMap(({ findings }) => findings),
  };
}

function planCluster(
  cluster: DesiredCluster,
  unit: ObservedUnit,
  { chain, removedRecipients, now }: Parameters<typeof plan>[2],
): UnitPlan {
  const store = unit.clusters.get(cluster.name);
  const keyset = (path: CredentialPath): ObservedKeyset | undefined =>
    unit.clusters.get(path.split('/')[0] ?? '')?.keysets.get(path) ?? unit.foreignKeysets.get(path);
  const needsIdentity = (issuer: CredentialPath | null): boolean =>
    issuer !== null && keyset(issuer) !== undefined && !unit.foreignMade.has(issuer);
  const compromised = new Set(
    removedRecipients.filter((removed) => removed.compromised).map(({ recipient }) => recipient),
  );

  const keysets: readonly DesiredKeyset[] = [...cluster.authorities, ...cluster.serviceAccountKeys];
  const create = keysets.filter(({ path }) => keyset(path) === undefined);
  const issue = cluster.leaves.flatMap((desired): PlannedLeaf[] => {
    const verdict = judge(chain, {
      desired,
      observed: store?.leaves.get(desired.path),
      issuer: keyset(desired.issuer),
      compromised,
      now,
    });
    return verdict === undefined ? [] : [{ desired, verdict }];
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
    all.map(({ file, recipients }) => ({ path, file, recipients })),
  );
  const reencrypt = [...entries, ...kept]
    .filter(({ recipients }) => !areRecipients(recipients, cluster.recipients))
    .map(({ path, file }) => ({ path, file, recipients: cluster.recipients }));

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
    issue,
    reencrypt,
    remove: [...remove, ...replaced],
    findings: authorityFindings(cluster, store, keyset, now),
    actions: [
      ...create.map((desired) => {
        const issuer = desired.kind === 'CertificateAuthority' ? desired.issuer : null;
        const [reason, message] = unit.replaced.has(desired.path)
          ? ['Replaced', lockout(desired)]
          : ['Missing', 'the store has no such keyset'];
        return action('create', desired.path, reason, message, needsIdentity(issuer));
      }),
      ...issue.map(({ desired, verdict }) => {
        const { reason, message } = verdict;
        return action('issue', desired.path, reason, message, needsIdentity(desired.issuer));
      }),
      ...reencrypt.map(({ path }) =>
        action('reencrypt', path, 'RecipientsChanged', 'its recipients changed', true),
      ),
      ...remove.map(({ path }) =>
        action('delete', path, 'NotDeclared', 'it is no longer declared', false),
      ),
      ...replaced.map(({ path }) =>
        action('delete', path, 'Replaced', 'its keyset is made anew', false),
      ),
    ],
  };
}

/** Who is locked out by a keyset that is made anew without a rotation. */
function lockout({ kind }: DesiredKeyset): string {
  return kind === 'CertificateAuthority'
    ? 'made anew: all that trust the old one refuse what this one issues until they have its certificate, and what the old one issued is refused'
    : 'made anew: every token that the old key signed is refused';
}
