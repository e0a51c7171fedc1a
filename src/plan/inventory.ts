import type { DesiredCluster, DesiredKeyset } from '../model/desired.ts';
import type { CredentialPath } from '../model/names.ts';
import type { ObservedCluster, ObservedEntry } from '../model/observed.ts';
import type { InventoryRow } from '../model/store/inventory.ts';
import { layout } from '../model/store/layout.ts';
import { madeAt } from '../model/store/rotation.ts';
import { lifeOf, subjectText } from './checks.ts';
import { renewAt, renewBeforeOf, rotationDueAt } from './renewal.ts';

/**
 * The rows of a cluster's inventory: each keyset entry, then each leaf, by node and name. What is still to be issued has no dates
 * yet.
 */
export function inventoryRows(
  tree: string,
  cluster: DesiredCluster,
  store: ObservedCluster | undefined,
  replaced: ReadonlySet<CredentialPath>,
): InventoryRow[] {
  const authorities = sorted(cluster.authorities).flatMap((desired) => {
    const keyset = store?.keysets.get(desired.path);
    if (keyset === undefined) return [pendingRow(tree, 'authority', desired)];
    return keyset.entries.map((entry): InventoryRow => {
      const notAfter = entry.reissue === undefined ? entry.certificate?.notAfter : undefined;
      const due = notAfter && rotationDueAt(desired, notAfter);
      const renewBefore = notAfter ? desired.renewBefore : 0;
      return {
        ...entryRow('authority', desired.name, entry),
        renewAt: due ?? null,
        policy: { validity: desired.validity, renewBefore, jitter: 0 },
      };
    });
  });
  const serviceAccountKeys = sorted(cluster.serviceAccountKeys).flatMap((desired) => {
    const keyset = store?.keysets.get(desired.path);
    if (keyset === undefined) return [pendingRow(tree, 'service-account-key', desired)];
    return keyset.entries.map((entry) => entryRow('service-account-key', desired.name, entry));
  });
  const leaves = sorted(cluster.leaves).map((desired): InventoryRow => {
    const observed = replaced.has(desired.path) ? undefined : store?.leaves.get(desired.path);
    const leaf = observed === undefined || 'unreadable' in observed ? undefined : observed;
    const { validity, jitter } = desired;
    const life = leaf && lifeOf(leaf);
    const renewBefore = life === undefined ? desired.renewBefore : renewBeforeOf(desired, life);
    return {
      kind: desired.kind === 'Kubeconfig' ? 'kubeconfig' : 'certificate',
      node: desired.node,
      name: desired.name,
      id: null,
      state: null,
      path: layout.leaf(tree, desired.path),
      ...certificateColumns(leaf?.certificate ?? null),
      issuer: leaf === undefined ? null : `${leaf.issuer.keyset}/${leaf.issuer.id}`,
      renewAt: life === undefined ? null : renewAt(desired.path, desired, life),
      policy: { validity, renewBefore, jitter },
      windows: desired.renewalWindows,
      spki: leaf?.spki ?? null,
    };
  });
  return [...authorities, ...serviceAccountKeys, ...leaves];
}

/** Of whatever order the declaration has them in: by node, those of none first, then by name. */
function sorted<T extends { readonly name: string; readonly node?: string | null }>(
  credentials: readonly T[],
): T[] {
  const key = ({ node, name }: T): string => `${node ?? ''}/${name}`;
  return credentials.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Stands for the entry of a keyset that is still to be made. */
function pendingRow(
  tree: string,
  kind: 'authority' | 'service-account-key',
  { name, path }: DesiredKeyset,
): InventoryRow {
  return {
    kind,
    node: null,
    name,
    id: null,
    state: null,
    path: layout.keyset(tree, path),
    ...certificateColumns(null),
    issuer: null,
    renewAt: null,
    policy: null,
    windows: [],
    spki: null,
  };
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
    ...certificateColumns(entry.reissue === undefined ? entry.certificate : null),
    issuer: entry.issuer === null ? null : `${entry.issuer.keyset}/${entry.issuer.id}`,
    renewAt: null,
    policy: null,
    windows: [],
    spki: entry.spki,
    madeAt: madeAt(entry),
    outsideLife: entry.outsideLife,
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
