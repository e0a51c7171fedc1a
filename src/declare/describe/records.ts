import type { DeclarationRecord } from '../../model/desired.ts';
import { describeCluster, describeFleetCluster, describeOutputs } from './cluster.ts';
import type { Fleet } from '../fleet/collect.ts';
import { longestLeavesOf } from '../fleet/longest-leaves.ts';
import { planUnits, type Imports } from '../fleet/units.ts';

/** What a valid fleet is handed over as, up to the end: one cluster at a time is turned into data, of those that were looked at. */
export function* records(
  fleet: Fleet,
  { clusters: names, imports }: { readonly clusters: readonly string[]; readonly imports: Imports },
): Generator<DeclarationRecord, void> {
  const { tree, removedRecipients, encryption } = fleet.mark;
  const clusters = fleet.folders.map((folder) => describeFleetCluster(fleet, folder));
  yield { type: 'fleet', fleet: { tree, removedRecipients, encryption, clusters } };
  const longestLeaves = longestLeavesOf(fleet);
  const folders = new Map(fleet.folders.map((folder) => [folder.name, folder]));
  for (const { clusters: unit, ...between } of planUnits(names, imports)) {
    const described = unit.flatMap((name) => {
      const folder = folders.get(name);
      if (folder === undefined) return [];
      return [describeCluster(fleet, folder, longestLeaves, describeOutputs(folder))];
    });
    yield { type: 'unit', unit: { clusters: described, ...between } };
  }
}
