import type { BrokenCluster, DeclarationRecord, FleetCluster } from '../../model/desired.ts';
import { describeCluster, describeFleetCluster, describeOutputs } from './cluster.ts';
import { hasStore, type Fleet, type Folder } from '../fleet/collect.ts';
import { longestLeavesOf } from '../fleet/longest-leaves.ts';
import { planUnits, type Imports } from '../fleet/units.ts';

/** What a valid fleet is handed over as, up to the end: one cluster at a time is turned into data, of those that were looked at. */
export function* records(
  fleet: Fleet,
  { clusters: names, imports }: { readonly clusters: readonly string[]; readonly imports: Imports },
  broken: readonly BrokenCluster[] = [],
): Generator<DeclarationRecord, void> {
  const { tree, removedRecipients, encryption } = fleet.mark;
  const isBroken = new Set(broken.map(({ cluster }) => cluster));
  const clusters = fleet.folders.map((folder) =>
    isBroken.has(folder.name) ? named(folder) : describeFleetCluster(fleet, folder),
  );
  yield { type: 'fleet', fleet: { tree, removedRecipients, encryption, clusters }, broken };
  const sound = fleet.folders.filter(({ name }) => !isBroken.has(name));
  const longestLeaves = longestLeavesOf({ ...fleet, folders: sound });
  const folders = new Map(sound.map((folder) => [folder.name, folder]));
  const described = names.filter((name) => !isBroken.has(name));
  for (const { clusters: unit, ...between } of planUnits(described, imports)) {
    const members = unit.flatMap((name) => {
      const folder = folders.get(name);
      if (folder === undefined) return [];
      return [describeCluster(fleet, folder, longestLeaves, describeOutputs(folder))];
    });
    yield { type: 'unit', unit: { clusters: members, ...between } };
  }
}

/** Of what has problems no more is said than that it is declared. */
function named(folder: Folder): FleetCluster {
  const { name } = folder;
  return { name, recipients: [], deliveryRecipients: [], nodes: [], hasStore: hasStore(folder) };
}
