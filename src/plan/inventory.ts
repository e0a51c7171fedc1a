import type { DesiredCluster } from '../model/desired.ts';
import type { CredentialPath } from '../model/names.ts';
import type { ObservedCluster, ObservedEntry } from '../model/observed.ts';
import type { InventoryRow } from '../model/store/inventory.ts';
import { layout } from '../model/store/layout.ts';
import { longestLeaf } from './authority.ts';
import { subjectText } from './checks.ts';
import { renewAt, rotateAt } from './renewal.ts';

/**
 * The rows of a cluster's inventory: each keyset entry, then each leaf, in the order of the declaration. What is still to be issued
 * has no dates yet.
 */
export function inventoryRows(
  tree: string,
  cluster: DesiredCluster,
  store: ObservedCluster | undefined,
  replaced: ReadonlySet<CredentialPath>,
): InventoryRow[] {
  const authorities = cluster.authorities.flatMap((desired) => {
    const longest = longestLeaf(cluster, desired.path);
    return (store?.keysets.get(desired.path)?.entries ?? []).map((entry): InventoryRow => {
      const notAfter = entry.certificate?.notAfter;
      const due = notAfter && rotateAt(notAfter, longest, desired.rotation.soak);
      const renewBefore = notAfter && due ? (notAfter.getTime() - due.getTime()) / 1000 : 0;
      return {
        ...entryRow('authority', desired.name, entry),
        renewAt: due ?? null,
        policy: { validity: desired.validity, renewBefore, jitter: 0 },
      };
    });
  });
  const serviceAccountKeys = cluster.serviceAccountKeys.flatMap(({ path, name }) =>
    (store?.keysets.get(path)?.entries ?? []).map((entry) =>
      entryRow('service-account-key', name, entry),
    ),
  );
  const leaves = cluster.leaves.map((desired): InventoryRow => {
    const observed = replaced.has(desired.path) ? undefined : store?.leaves.get(desired.path);
    const leaf = observed === undefined || 'unreadable' in observed ? undefined : observed;
    const { validity, renewBefore, jitter } = desired;
    return {
      kind: desired.kind === 'Kubeconfig' ? 'kubeconfig' : 'certificate',
      node: desired.node,
      name: desired.name,
      id: null,
      state: null,
      path: layout.leaf(tree, desired.path),
      ...certificateColumns(leaf?.certificate ?? null),
      issuer: leaf === undefined ? null : `${leaf.issuer.keyset}/${leaf.issuer.id}`,
      renewAt:
        leaf === undefined ? null : renewAt(desired.path, leaf.certificate.notAfter, desired),
      policy: { validity, renewBefore, jitter },
      spki: leaf?.spki ?? null,
    };
  });
  return [...authorities, ...serviceAccountKeys, ...leaves];
}

function entryRow(
  kind: 'authority' | 'service-account-key',
  name: string,
  entry: ObservedEntry,
): InventoryRow {
  return {
    kind,
    node: null,
    name,
    id: entry.id,
    state: entry.state,
    path: entry.file,
    ...certificateColumns(entry.certificate),
    issuer: entry.issuer === null ? null : `${entry.issuer.keyset}/${entry.issuer.id}`,
    renewAt: null,
    policy: null,
    spki: entry.spki,
  };
}

function certificateColumns(
  certificate: ObservedEntry['certificate'],
): Pick<InventoryRow, 'subject' | 'serialNumber' | 'notBefore' | 'notAfter'> {
  return {
    subject: certificate === null ? null : subjectText(certificate.subject),
    serialNumber: certificate?.serialNumber ?? null,
    notBefore: certificate?.notBefore ?? null,
    notAfter: certificate?.notAfter ?? null,
  };
}
