import type { DeclarationRecord } from '../../model/desired.ts';
import type { CredentialPath, Seconds } from '../../model/names.ts';
import { describeCluster, describeFleetCluster } from './cluster.ts';
import type { Fleet } from './collect.ts';
import { planUnits, type Imports } from './units.ts';

/** What a valid fleet is handed over as, up to the end: one cluster at a time is turned into data. */
export function* records(
  fleet: Fleet,
  imports: Imports,
  longestLeaves: ReadonlyMap<CredentialPath, Seconds>,
): Generator<DeclarationRecord, void> {
  const { tree, removedRecipients, encryption } = fleet.mark;
  const clusters = fleet.folders.map((folder) => describeFleetCluster(fleet, folder));
  yield { type: 'fleet', fleet: { tree, removedRecipients, encryption, clusters } };
  const folders = new Map(fleet.folders.map((folder) => [folder.name, folder]));
  for (const { clusters: names, exports } of planUnits([...folders.keys()], imports)) {
    const described = names.flatMap((name) => {
      const folder = folders.get(name);
      return folder === undefined ? [] : [describeCluster(fleet, folder, longestLeaves)];
    });
    yield { type: 'unit', unit: { clusters: described, exports } };
  }
}
