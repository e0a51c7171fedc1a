import type { DeclarationProblem } from '../../model/desired.ts';
import type { CredentialPath, Seconds } from '../../model/names.ts';
import { describeCluster } from '../describe/cluster.ts';
import type { Fleet } from '../describe/collect.ts';
import { importsOf } from '../describe/imports.ts';
import type { Imports } from '../describe/units.ts';

export interface Survey {
  readonly problems: readonly DeclarationProblem[];
  readonly imports: Imports;
  readonly longestLeaves: ReadonlyMap<CredentialPath, Seconds>;
}

export function survey(fleet: Fleet): Survey {
  const imports = new Map<string, ReadonlySet<CredentialPath>>();
  for (const folder of fleet.folders) {
    const used = importsOf(describeCluster(fleet, folder, new Map()));
    if (used.size > 0) imports.set(folder.name, used);
  }
  return { problems: [], imports, longestLeaves: new Map() };
}
