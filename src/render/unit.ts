import type { DesiredCluster, DesiredUnit } from '../model/desired.ts';
import type { InventoryRow } from '../model/store/inventory.ts';
import { layout } from '../model/store/layout.ts';
import type { EtcdStart, EtcdStarts } from '../model/made/etcd.ts';
import type { RenderedFile } from '../model/made/tree.ts';
import { renderBundle } from './output/bundle.ts';
import { inventoryFiles } from './output/inventory.ts';
import { kubeconfigFile } from './output/kubeconfig.ts';
import { renderManifest } from './output/manifest.ts';
import { rotationPage } from './output/rotation-page.ts';
import type { Values } from './values.ts';

/** What was decided for a unit, besides its credentials; each by cluster. */
export interface Decided {
  readonly inventory: ReadonlyMap<string, readonly InventoryRow[]>;
  readonly etcd: EtcdStarts;
}

/** All outputs of a unit: manifests, node bundles, kubeconfigs, inventories, runbooks. Pure; the store is rendered apart. */
export function renderUnit(
  tree: string,
  unit: DesiredUnit,
  values: Values,
  { inventory, etcd }: Decided,
): RenderedFile[] {
  return unit.clusters.flatMap((cluster) => {
    const rows = inventory.get(cluster.name) ?? [];
    const files = [
      ...renderCluster(tree, cluster, values, etcd.get(cluster.name) ?? new Map()),
      ...rotationPage(tree, cluster, rows, unit.users),
    ];
    const paths = files.map(({ path }) => path);
    return [...files, ...inventoryFiles(tree, cluster.name, rows, paths)];
  });
}

function renderCluster(
  tree: string,
  cluster: DesiredCluster,
  values: Values,
  etcd: ReadonlyMap<string, EtcdStart>,
): RenderedFile[] {
  const { name, recipients, deliveryRecipients } = cluster;
  const manifests = cluster.manifests.map((manifest) =>
    renderManifest(
      manifest,
      {
        folder: layout.cluster(tree, name),
        recipients: together(recipients, deliveryRecipients),
      },
      values,
    ),
  );
  const nodes = new Map(cluster.nodes.map((node) => [node.name, node.recipients]));
  const bundles = cluster.bundles.flatMap((bundle) => {
    const readers = together(recipients, nodes.get(bundle.node) ?? []);
    const place = { tree, cluster: name, recipients: readers };
    return renderBundle(bundle, place, values, etcd.get(bundle.node) ?? null);
  });
  const kubeconfigs = cluster.leaves
    .filter(({ kind, node }) => kind === 'Kubeconfig' && node === null)
    .map(({ path }) =>
      kubeconfigFile(path, { path: layout.kubeconfig(tree, path), recipients }, values),
    );
  return [...manifests, ...bundles, ...kubeconfigs];
}

/** Each recipient once. */
function together(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())];
}
