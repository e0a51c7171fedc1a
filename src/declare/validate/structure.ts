import type { IConstruct } from 'constructs';
import type { Canonical } from '../../catalog/names/canonical.ts';
import { chartName, credentialName } from '../../catalog/names/tree-name.ts';
import { hasStore, isShared, type OpenFolder, type Report } from '../fleet/collect.ts';
import { markOf } from '../tree/mark.ts';
import { chartNameOf, placeOf } from '../tree/place.ts';

/** Names of folders and credentials: they become paths of the tree, so that two must never meet. For the folders of a fleet in turn. */
export function structureCheck(report: Report): (folder: OpenFolder) => void {
  const clusters = new Names('folder of the tree', report);
  return (folder) => {
    if (!isShared(folder)) {
      clusters.add(folder.construct, folder.name);
      // A Cluster tells by itself.
      if (folder.cluster === null) tell(folder.construct, chartName(folder.name), report);
    }
    checkCharts(folder, report);
    if (!hasStore(folder)) checkNoStore(folder, report);
    else checkCredentials(folder, report);
  };
}

function checkCharts({ charts }: OpenFolder, report: Report): void {
  const names = new Names('folder of the cluster', report);
  for (const chart of charts) {
    const name = chartNameOf(chart);
    names.add(chart, name);
    if (markOf(chart)?.kind === 'Cluster')
      report(chart, 'a Cluster belongs directly under the App');
    else tell(chart, chartName(name), report);
  }
}

function checkNoStore({ keysets, leaves, bundles }: OpenFolder, report: Report): void {
  for (const construct of [...keysets, ...leaves, ...bundles])
    report(construct, `a ${kindOf(construct)} belongs into a Cluster, not into a plain Chart`);
}

function checkCredentials(folder: OpenFolder, report: Report): void {
  const { keysets, leaves, bundles } = folder;
  const credentials = new Names('credential', report);
  const folders = new Names('folder of the store', report);
  for (const construct of [...keysets, ...leaves]) {
    const { node, name } = placeOf(construct);
    tell(construct, credentialName(name), report);
    credentials.add(construct, node === null ? name : `${node}/${name}`);
  }
  for (const keyset of keysets) {
    const { node, name } = placeOf(keyset);
    folders.add(keyset, name);
    if (node !== null) report(keyset, `a ${kindOf(keyset)} cannot belong to a node`);
  }
  for (const bundle of bundles) {
    const mark = markOf(bundle);
    if (mark?.kind === 'NodeBundle') folders.add(bundle, mark.node);
    const { scope } = bundle.node;
    if (scope !== undefined && placeOf(scope).node !== null)
      report(bundle, 'a NodeBundle cannot belong to a node');
  }
  if (isShared(folder))
    for (const construct of [...leaves, ...bundles])
      report(construct, `a ${kindOf(construct)} belongs into a Cluster; only keysets are shared`);
}

const kindOf = (construct: IConstruct): string => markOf(construct)?.kind ?? 'construct';

function tell(construct: IConstruct, { problem }: Canonical, report: Report): void {
  if (problem !== undefined) report(construct, problem);
}

/** Names that must differ; the later one is reported. Upper case, which a file system may fold, is refused by the name rules. */
class Names {
  readonly #owners = new Map<string, IConstruct>();
  readonly #what: string;
  readonly #report: Report;

  constructor(what: string, report: Report) {
    this.#what = what;
    this.#report = report;
  }

  add(construct: IConstruct, name: string): void {
    const owner = this.#owners.get(name);
    if (owner === undefined) this.#owners.set(name, construct);
    else
      this.#report(
        construct,
        `${this.#what} "${name}" is also that of [${owner.node.path}]; rename one`,
      );
  }
}
