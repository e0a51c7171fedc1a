import type { IConstruct } from 'constructs';
import type {
  DesiredAuthority,
  DesiredBundle,
  DesiredCluster,
  DesiredServiceAccountKey,
  FleetCluster,
} from '../../model/desired.ts';
import type { CredentialPath, Seconds } from '../../model/names.ts';
import { markAs, markOf } from '../tree/mark.ts';
import { hasStore, isShared, type Fleet, type Folder } from './collect.ts';
import {
  describeAuthority,
  describeLeaf,
  describeServiceAccountKey,
  scopeOf,
} from './credentials.ts';
import { describeManifest } from './manifests.ts';

/** Longest validity of the leaves that each authority signs, by its path. */
export type LongestLeaves = ReadonlyMap<CredentialPath, Seconds>;

export function describeFleetCluster(fleet: Fleet, folder: Folder): FleetCluster {
  const { recipients, deliveryRecipients } = fleet.mark;
  return {
    name: folder.name,
    recipients: folder.cluster?.recipients ?? recipients,
    deliveryRecipients: isShared(folder)
      ? []
      : (folder.cluster?.deliveryRecipients ?? deliveryRecipients),
    nodes: folder.bundles.flatMap((bundle) => {
      const mark = markAs(bundle, 'NodeBundle');
      return mark === undefined ? [] : [{ name: mark.node, recipients: mark.recipients }];
    }),
    hasStore: hasStore(folder),
  };
}

/** Everything of one cluster, as data; made when it is handed over and not kept. */
export function describeCluster(
  fleet: Fleet,
  folder: Folder,
  longestLeaves: LongestLeaves,
): DesiredCluster {
  const scope = scopeOf(fleet, folder);
  const authorities: DesiredAuthority[] = [];
  const serviceAccountKeys: DesiredServiceAccountKey[] = [];
  for (const keyset of folder.keysets) {
    const mark = markOf(keyset);
    if (mark?.kind === 'CertificateAuthority') {
      const authority = describeAuthority(keyset, mark, scope);
      const longest = longestLeaves.get(authority.path);
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
    manifests: folder.objects.map((object) => describeManifest(object, folder)),
    bundles: folder.bundles.map(describeBundle),
  };
}

export function describeBundle(construct: IConstruct): DesiredBundle {
  const mark = markAs(construct, 'NodeBundle');
  if (mark === undefined) throw new TypeError(`${construct.node.path} is not a NodeBundle`);
  const files = Object.entries(mark.files()).map(([path, file]) => {
    const { content, secret = false, mode = secret ? 0o600 : 0o644 } = file;
    return { path, content, mode, secret, reads: [] };
  });
  return { constructPath: construct.node.path, node: mark.node, etcdMember: null, files };
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
