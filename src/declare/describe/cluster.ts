import { WORKERS } from '../../catalog/names/tree-name.ts';
import type {
  DesiredAuthority,
  DesiredCluster,
  DesiredServiceAccountKey,
  FleetCluster,
} from '../../model/desired.ts';
import type { CredentialPath, Seconds } from '../../model/names.ts';
import { markAs, markOf } from '../tree/mark.ts';
import { describeBundle } from './bundle.ts';
import { hasStore, isShared, type Fleet, type OpenFolder } from '../fleet/collect.ts';
import {
  describeAuthority,
  describeLeaf,
  describeServiceAccountKey,
  scopeOf,
} from './credentials.ts';
import { describeManifest } from './manifests.ts';

export function describeFleetCluster(fleet: Fleet, folder: OpenFolder): FleetCluster {
  const { recipients, deliveryRecipients } = fleet.mark;
  return {
    name: folder.name,
    recipients: folder.cluster?.recipients ?? recipients,
    deliveryRecipients: isShared(folder)
      ? []
      : (folder.cluster?.deliveryRecipients ?? deliveryRecipients),
    nodes: folder.bundles.flatMap((bundle) => {
      const mark = markAs(bundle, 'NodeBundle');
      const isNode = mark !== undefined && mark.node !== WORKERS;
      return isNode ? [{ name: mark.node, recipients: mark.recipients }] : [];
    }),
    hasStore: hasStore(folder),
  };
}

/** What is written for a cluster beside its credentials. */
export type Outputs = Pick<DesiredCluster, 'manifests' | 'bundles'>;

export const describeOutputs = (folder: OpenFolder): Outputs => ({
  manifests: folder.objects.map((object) => describeManifest(object, folder)),
  bundles: folder.bundles.map((bundle) => describeBundle(bundle)),
});

/**
 * Everything of one cluster, as data; made when it is handed over and not kept.
 *
 * @param longestSigned - how long what an authority signs must be able to live, in the whole fleet.
 */
export function describeCluster(
  fleet: Fleet,
  folder: OpenFolder,
  longestSigned: (authority: CredentialPath) => Seconds | undefined,
  outputs: Outputs,
): DesiredCluster {
  const scope = scopeOf(fleet, folder);
  const authorities: DesiredAuthority[] = [];
  const serviceAccountKeys: DesiredServiceAccountKey[] = [];
  for (const keyset of folder.keysets) {
    const mark = markOf(keyset);
    if (mark?.kind === 'CertificateAuthority') {
      const authority = describeAuthority(keyset, mark, scope);
      const longest = longestSigned(authority.path);
      authorities.push(
        longest === undefined ? authority : describeAuthority(keyset, mark, scope, longest),
      );
    } else if (mark?.kind === 'ServiceAccountKey')
      serviceAccountKeys.push(describeServiceAccountKey(keyset, mark, scope));
  }
  return {
    ...describeFleetCluster(fleet, folder),
    authorities: issuersFirst(authorities),
    serviceAccountKeys,
    leaves: folder.leaves.flatMap((leaf) => {
      const mark = markOf(leaf);
      if (mark?.kind !== 'Certificate' && mark?.kind !== 'Kubeconfig') return [];
      return describeLeaf(leaf, mark, scope) ?? [];
    }),
    ...outputs,
  };
}

/** In an order in which they can be made; loops, a problem told elsewhere, are left as they are. */
function issuersFirst(authorities: readonly DesiredAuthority[]): DesiredAuthority[] {
  const byPath = new Map(authorities.map((authority) => [authority.path, authority]));
  const ordered = new Set<DesiredAuthority>();
  const visit = (authority: DesiredAuthority, below: ReadonlySet<DesiredAuthority>): void => {
    const issuer = authority.issuer === null ? undefined : byPath.get(authority.issuer);
    if (issuer !== undefined && !below.has(issuer)) visit(issuer, new Set([...below, issuer]));
    ordered.add(authority);
  };
  for (const authority of authorities) visit(authority, new Set([authority]));
  return [...ordered];
}
