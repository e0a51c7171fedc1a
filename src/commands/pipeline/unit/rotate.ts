import { domainOf } from '../../../catalog/rotation/domain.ts';
import { foreignManagers } from '../../../catalog/rotation/foreign-managers.ts';
import { PkiError } from '../../../errors.ts';
import type { DesiredKeyset, DesiredUnit } from '../../../model/desired.ts';
import type { CredentialPath } from '../../../model/names.ts';
import { compromisedNames } from '../../../model/recipients.ts';
import type { ObservedCluster, ObservedKeyset } from '../../../model/observed.ts';
import type {
  MergedStage,
  PlannedTransition,
  RotationStatus,
} from '../../../model/store/rotation.ts';
import { layout } from '../../../model/store/layout.ts';
import { guardReplacement } from '../../../observe/guards/revision.ts';
import { chooseTransition } from '../../../plan/rotation/choose.ts';
import { planTransition } from '../../../plan/rotation/plan-transition.ts';
import { rotationStatus } from '../../../plan/rotation/status.ts';
import { unseenConsumers } from '../../../plan/rotation/unseen.ts';
import { withEvidence } from '../../../plan/rotation/with-evidence.ts';
import type { Clusters, Context, Job } from '../context.ts';
import { guardIssuerNames } from './issuer-names.ts';
import { withReissue } from './reissue.ts';

export interface Rotated {
  /** As they will be: a transition, and a reissue, is a part of what is observed, and the plan follows from it. */
  readonly clusters: Clusters;
  readonly transitions: readonly PlannedTransition[];
  readonly statuses: readonly RotationStatus[];
  /** Keysets of other units whose outgoing entry signed one of these, which they wait for. */
  readonly below: readonly { readonly keyset: CredentialPath; readonly below: CredentialPath }[];
}

/**
 * Where the keysets of a unit stand, and what a request changes of them.
 *
 * @throws PkiError `ERR_ROTATION` where the requested transition may not follow.
 */
export function rotateUnit(
  context: Context,
  { unit, foreign, history }: Job,
  observed: Clusters,
): Rotated {
  const { rotation, now } = context;
  if (rotation === undefined)
    return { clusters: observed, transitions: [], statuses: [], below: [] };
  const { keyset: wanted, verb } = rotation.request;
  const keysetOf = (path: CredentialPath): ObservedKeyset | undefined =>
    observed.get(path.split('/')[0] ?? '')?.keysets.get(path) ?? foreign.keysets.get(path);
  if (verb === 'advance') guardBelow(observed, foreign.keysets.get(wanted));
  if (verb === 'reissue') guardIssuerNames(observed, wanted, keysetOf(wanted)?.entries[0]);
  const compromised = compromisedNames(context.fleet.removedRecipients);
  const transitions: PlannedTransition[] = [];
  const statuses: RotationStatus[] = [];
  let stored = observed;
  for (const desired of keysetsOf(unit)) {
    const { path, cluster } = desired;
    const keyset = observed.get(cluster)?.keysets.get(path);
    if (keyset === undefined) continue;
    const owner = unit.clusters.find(({ name }) => name === cluster);
    const isSteady = keyset.entries.length === 1;
    const users = unit.users.filter((user) => user.keyset === path);
    const standing = rotationStatus(desired, keyset, {
      merged: mergedStage(context, path),
      below: signedByOutgoing(keyset, observed),
      domain: domainOf(owner ?? { bundles: [] }, desired),
      compromised,
      keyset: keysetOf,
      now,
      users,
      foreignManagers: foreignManagers(unit.clusters, path, users),
      unseen: isSteady ? [] : unseenConsumers(unit, desired),
    });
    const status = withEvidence(standing, rotation.evidence?.get(path));
    statuses.push(status);
    if (path !== wanted) continue;
    const committed = history.head.changed.get(path);
    if (verb === 'compromised' && committed !== undefined)
      guardReplacement(context.fleet.tree, keyset, committed);
    if (verb === 'reissue')
      stored = withKeyset(stored, cluster, withReissue(desired, keyset, keysetOf, now));
    const name = chooseTransition(rotation.request, status, now);
    if (name === undefined) continue;
    transitions.push(planTransition(name, desired, keyset, owner?.recipients ?? []));
  }
  const clusters = transitions.reduce(
    (all, { desired, after }) => withKeyset(all, desired.cluster, after),
    stored,
  );
  const below = [...foreign.keysets.values()].flatMap((keyset) =>
    signedByOutgoing(keyset, observed).map((path) => ({ keyset: keyset.path, below: path })),
  );
  return { clusters, transitions, statuses, below };
}

function keysetsOf({ clusters }: DesiredUnit): DesiredKeyset[] {
  return clusters.flatMap(({ authorities, serviceAccountKeys }) => [
    ...authorities,
    ...serviceAccountKeys,
  ]);
}

/** What it remembers makes no other standing of it. */
const withoutMemory = (content: Uint8Array): string =>
  Buffer.from(content)
    .toString('latin1')
    .replaceAll(/^ +outsideLife: .*\n/gmu, '');

/** What the base branch says of it, where the work tree has the same. */
function mergedStage(
  { rotation, reader, fleet }: Context,
  path: CredentialPath,
): MergedStage | undefined {
  const merged = rotation?.merged.get(path);
  const content = reader.read(layout.keyset(fleet.tree, path));
  const isSame =
    merged !== undefined &&
    content !== undefined &&
    withoutMemory(merged.content) === withoutMemory(content);
  return isSame ? merged : undefined;
}

/** Keysets of the unit with an entry that the outgoing entry of `keyset` signed. */
function signedByOutgoing(
  { path, entries }: ObservedKeyset,
  clusters: Clusters,
): readonly CredentialPath[] {
  const outgoing = entries.find(({ state }) => state === 'outgoing');
  if (outgoing === undefined) return [];
  return [...clusters.values()]
    .flatMap(({ keysets }) => [...keysets.values()])
    .filter((below) =>
      below.entries.some(({ issuer }) => issuer?.keyset === path && issuer.id === outgoing.id),
    )
    .map((below) => below.path);
}

/**
 * An authority of this unit must not lose its issuer by a stage of that one, whose keyset is another unit's. A replacement waits for
 * nobody: what stands below is compromised as well, and a finding.
 */
function guardBelow(clusters: Clusters, above: ObservedKeyset | undefined): void {
  if (above === undefined) return;
  for (const { keysets } of clusters.values())
    for (const { path, entries } of keysets.values())
      for (const { issuer } of entries) {
        if (issuer?.keyset !== above.path) continue;
        if (above.entries.some(({ id }) => id === issuer.id)) continue;
        throw new PkiError(
          'ERR_ROTATION',
          `"${path}" has a certificate of "${issuer.keyset}/${issuer.id}"`,
          { hint: `rotate it first: cdk8s-pki rotate ${path.replace('/', ' ')}` },
        );
      }
}

function withKeyset(clusters: Clusters, cluster: string, after: ObservedKeyset): Clusters {
  const store: ObservedCluster | undefined = clusters.get(cluster);
  if (store === undefined) return clusters;
  const keysets = new Map(store.keysets).set(after.path, after);
  return new Map(clusters).set(cluster, { ...store, keysets });
}
