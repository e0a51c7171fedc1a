import { domainOf } from '../../../catalog/rotation/domain.ts';
import type { DesiredUnit } from '../../../model/desired.ts';
import type { EtcdStarts } from '../../../model/made/etcd.ts';
import type { RenderedFile } from '../../../model/made/tree.ts';
import type { InventoryRow } from '../../../model/store/inventory.ts';
import { layout } from '../../../model/store/layout.ts';
import type { CredentialPath, Seconds, TreePath } from '../../../model/names.ts';
import type { ObservedKeyset } from '../../../model/observed.ts';
import type { Action } from '../../../model/plan.ts';
import { NEW_ENTRY, type PlannedTransition } from '../../../model/store/rotation.ts';
import { guardClock } from '../../../observe/guards/clock.ts';
import { observeCluster } from '../../../observe/cluster.ts';
import { guardAuthorities, guardReplaced } from '../../../observe/guards/authorities.ts';
import { guardClusterOrphans } from '../../../observe/guards/orphans.ts';
import { guardRecipients } from '../../../observe/guards/recipients.ts';
import { observeMade, observeOutput, observeProjections } from '../../../observe/output.ts';
import { observeSigningLife } from '../../../observe/nodes/signing-life.ts';
import { observeEtcdMembers } from '../../../observe/nodes/etcd-member.ts';
import { CHAINS } from '../../../plan/checks.ts';
import { etcdStarts } from '../../../plan/etcd-starts.ts';
import { inventoryRows } from '../../../plan/inventory.ts';
import { planOutputs, type OutputPlan } from '../../../plan/outputs.ts';
import { plan, type UnitPlan } from '../../../plan/plan.ts';
import { transitionActions } from '../../../plan/rotation/plan-transition.ts';
import { materialOf } from '../../../render/material.ts';
import { renderUnit } from '../../../render/unit.ts';
import type { Clusters, Context, Foreign, Job } from '../context.ts';
import { signedCertificates, withPastReaders } from './past-readers.ts';
import { revokeIn } from './revoke.ts';
import { rotateUnit, type Rotated } from './rotate.ts';

/** What is to be done for a unit; nothing of it was done. */
export interface Decision {
  readonly unit: DesiredUnit;
  /** With the states that a transition brings. */
  readonly observed: Clusters;
  readonly rotated: Rotated;
  readonly plan: UnitPlan;
  readonly outputs: OutputPlan;
  /** Those of the plan, and one for each output that needs a private key which is not made in this run. */
  readonly actions: readonly Action[];
  readonly manifests: readonly TreePath[];
  readonly etcd: EtcdStarts;
  /** Credentials that get a new private key. */
  readonly makes: ReadonlySet<CredentialPath>;
  /** Authorities that sign a CRL. */
  readonly signs: ReadonlySet<CredentialPath>;
  /** Credentials whose private keys must be opened with an identity. */
  readonly opens: ReadonlySet<CredentialPath>;
}

/** Observes a unit and plans it: the stages that need no identity and change nothing. */
export function decide(context: Context, job: Job): Decision {
  const { unit, foreign } = job;
  const stored = observeUnit(context, job);
  const revoked = revokeIn(context.fleet.tree, stored, context.revocations ?? new Map());
  const rotated = rotateUnit(context, job, revoked);
  const { clusters: observed, transitions } = rotated;
  const etcd = decideEtcd(context, unit);
  const signingLives = observeSigningLives(context, unit, observed);
  const exposed = signedCertificates(context.pastReaders, observed, foreign.keysets);
  const decideWith = (
    leaving: OutputPlan['leaving'],
  ): Pick<Decision, 'plan' | 'makes' | 'signs' | 'outputs' | 'manifests'> => {
    const unitPlan = plan(
      unit,
      {
        clusters: observed,
        foreignKeysets: foreign.keysets,
        foreignMade: foreign.made,
        replaced: replacedKeysets(context, job),
        leaving,
        signingLives,
        exposed,
      },
      {
        chain: CHAINS[context.chain],
        requested: context.requested,
        removedRecipients: context.fleet.removedRecipients,
        now: context.now,
      },
    );
    const makes = new Set([
      ...unitPlan.create.map(({ path }) => path),
      ...unitPlan.issue.map(({ desired }) => desired.path),
      ...transitions.flatMap(({ after }) => (isPending(after) ? [after.path] : [])),
    ]);
    const state = { clusters: observed, etcd };
    const signs = new Set(unitPlan.crls.map(({ desired }) => desired.path));
    const outputs = decideOutputs(context, unit, state, { makes, signs }, foreign);
    return { plan: unitPlan, makes, signs, ...outputs };
  };
  const first = decideWith(new Map());
  // who leaves an output does not depend on the plan; the plan depends on who leaves
  const decided = first.outputs.leaving.size === 0 ? first : decideWith(first.outputs.leaving);
  const { plan: unitPlan, makes, signs, outputs, manifests } = decided;
  const dropped = transitions.flatMap(({ dropped: entries, desired: { path } }) =>
    entries.map(({ file }) => ({ path, file })),
  );
  const withDropped = { ...unitPlan, remove: [...unitPlan.remove, ...dropped] };
  const opens = keysToOpen(unitPlan, transitions, outputs, new Set([...makes, ...foreign.made]));
  const writes = outputs.writes
    .filter(({ credential }) => opens.has(credential))
    .map((write): Action => ({
      action: 'write',
      cluster: write.credential.split('/')[0] ?? '',
      ...write,
      needsIdentity: true,
    }));
  return {
    unit,
    observed,
    rotated,
    plan: withDropped,
    outputs,
    manifests,
    etcd,
    actions: [...transitions.flatMap(transitionActions), ...unitPlan.actions, ...writes],
    makes,
    signs,
    opens,
  };
}

/** The stores of a unit's clusters, after every guard. */
export function observeUnit(
  { reader, fleet, allRecipients, newAuthorities, pastReaders, now }: Context,
  { unit, foreign, history }: Job,
): Clusters {
  const keysets = keysetsOf(unit);
  const isReplaced: Parameters<typeof observeCluster>[4] = (path, observe) => {
    if (!newAuthorities.has(path) || !keysets.has(path)) return false;
    guardReplaced(fleet.tree, path, observe, history);
    return true;
  };
  const observed = new Map(
    unit.clusters.map(({ name }) => [
      name,
      observeCluster(reader, fleet.tree, name, (path) => foreign.keysets.get(path), isReplaced),
    ]),
  );
  for (const cluster of unit.clusters) {
    const store = observed.get(cluster.name);
    if (store === undefined) continue;
    guardAuthorities(fleet.tree, cluster, store, history, newAuthorities);
    guardClusterOrphans(fleet.tree, cluster, store);
    const entries = [...store.keysets.values()].flatMap((keyset) => keyset.entries);
    const leaves = [...store.leaves.values()].filter((leaf) => 'recipients' in leaf);
    for (const { file, recipients } of [...entries, ...leaves]) {
      guardRecipients(file, recipients, cluster.recipients, fleet, allRecipients);
    }
  }
  guardClock(observed.values(), now);
  return withPastReaders(observed, pastReaders);
}

function keysetsOf({ clusters }: DesiredUnit): ReadonlySet<string> {
  return new Set(
    clusters.flatMap(({ authorities, serviceAccountKeys }) =>
      [...authorities, ...serviceAccountKeys].map(({ path }) => path),
    ),
  );
}

/** Those of `--new-authority` that there were before. */
function replacedKeysets(
  { newAuthorities }: Context,
  { history: { ledger, past, head } }: Job,
): ReadonlySet<string> {
  const known = new Set<string>([...ledger.keys(), ...past.keys(), ...head.keysets]);
  return new Set([...newAuthorities].filter((path) => known.has(path)));
}

/** What outputs say of cluster CAs that do not remember it themselves, as those of older trees: the next declaration may say less. */
function observeSigningLives(
  { reader, fleet }: Context,
  { clusters }: DesiredUnit,
  observed: Clusters,
): ReadonlyMap<CredentialPath, Seconds> {
  return new Map(
    clusters.flatMap((cluster) =>
      cluster.authorities
        .filter(({ path }) => {
          const entries = observed.get(cluster.name)?.keysets.get(path)?.entries ?? [];
          return entries.some(({ state, outsideLife }) => state !== 'incoming' && !outsideLife);
        })
        .filter((desired) => domainOf(cluster, desired) === 'ca')
        .map(({ path }) => {
          const nodes = cluster.bundles.map(({ node }) => node);
          return [path, observeSigningLife(reader, fleet.tree, cluster.name, nodes)] as const;
        }),
    ),
  );
}

/** How members of etcd start: as the tree says, or as new ones. */
function decideEtcd({ reader, fleet }: Context, { clusters }: DesiredUnit): EtcdStarts {
  return new Map(
    clusters.map(({ name, bundles }) => [
      name,
      etcdStarts(bundles, observeEtcdMembers(reader, fleet.tree, name, bundles)),
    ]),
  );
}

function decideOutputs(
  { fleet, allRecipients, reader }: Context,
  unit: DesiredUnit,
  { clusters: observed, etcd }: { readonly clusters: Clusters; readonly etcd: EtcdStarts },
  { makes: replaced, signs }: Pick<Decision, 'makes' | 'signs'>,
  foreign: Foreign,
): { readonly outputs: OutputPlan; readonly manifests: readonly TreePath[] } {
  const material = materialOf(unit, observed, foreign.material, replaced, signs);
  const inventory = unitInventory(fleet.tree, unit, observed, replaced);
  const values = { material, privateKeys: 'projection' as const };
  const expected = renderUnit(fleet.tree, unit, values, { inventory, etcd });
  const projections = new Map(
    unit.clusters.flatMap(({ name, bundles }) =>
      bundles.flatMap(({ node }) => [
        ...observeProjections(reader, layout.node(fleet.tree, name, node)),
      ]),
    ),
  );
  const made = unit.clusters.flatMap(({ name }) =>
    observeMade(reader, layout.cluster(fleet.tree, name)),
  );
  const outputs = planOutputs(
    expected,
    (file) => {
      const output = observeOutput(reader, file, projections);
      if (output !== undefined && 'recipients' in output && 'recipients' in file) {
        guardRecipients(file.path, output.recipients, file.recipients, fleet, allRecipients);
      }
      return output;
    },
    made,
  );
  return { outputs, manifests: manifestsOf(fleet.tree, unit, expected) };
}

function manifestsOf(
  tree: string,
  { clusters }: DesiredUnit,
  expected: readonly RenderedFile[],
): TreePath[] {
  const stems = new Set(
    clusters.flatMap(({ name, manifests }) =>
      manifests.map(({ path }) => `${layout.cluster(tree, name)}/${path}`),
    ),
  );
  return expected
    .map(({ path }) => path)
    .filter((path) => stems.has(path.replace(/(?:\.sops)?\.yaml$/u, '')));
}

export function unitInventory(
  tree: string,
  unit: DesiredUnit,
  clusters: Clusters,
  replaced: ReadonlySet<CredentialPath>,
): Map<string, readonly InventoryRow[]> {
  return new Map(
    unit.clusters.map((cluster) => [
      cluster.name,
      inventoryRows(tree, cluster, clusters.get(cluster.name), replaced),
    ]),
  );
}

/** Whether what issues is still to be made. */
function isPending({ entries }: ObservedKeyset): boolean {
  return entries[0]?.id === NEW_ENTRY;
}

/** Existing issuers that sign, and private keys of outputs, less those that are made in this run. */
function keysToOpen(
  { create, reissues, issue, crls }: UnitPlan,
  transitions: readonly PlannedTransition[],
  { uses }: OutputPlan,
  made: ReadonlySet<CredentialPath>,
): ReadonlySet<CredentialPath> {
  const added = transitions
    .filter(({ after }) => after.entries.some(({ id }) => id === NEW_ENTRY))
    .map(({ desired }) => desired);
  const signers = [
    ...[...create, ...added].flatMap((desired) =>
      desired.kind === 'CertificateAuthority' && desired.issuer !== null ? [desired.issuer] : [],
    ),
    ...reissues.map(({ desired }) => desired.issuer ?? desired.path),
    ...issue.map(({ desired }) => desired.issuer),
    ...crls.map(({ desired }) => desired.path),
  ];
  return new Set([...signers, ...uses].filter((path) => !made.has(path)));
}
