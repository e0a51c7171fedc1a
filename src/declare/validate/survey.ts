import type { IConstruct } from 'constructs';
import { chartName } from '../../catalog/names/tree-name.ts';
import type { DeclarationProblem, DesiredAuthority } from '../../model/desired.ts';
import { credentialParts, type CredentialPath } from '../../model/names.ts';
import type { IsSelected } from '../../model/selection.ts';
import { describeCluster } from '../describe/cluster.ts';
import { isShared, type Fleet, type Folder, type Report } from '../fleet/collect.ts';
import { describeAuthority, scopeOf } from '../describe/credentials.ts';
import { importsOf } from '../fleet/imports.ts';
import type { Imports } from '../fleet/units.ts';
import { markOf, type Mark } from '../tree/mark.ts';
import { pathOf } from '../tree/place.ts';
import { checkAlgorithms } from './algorithms.ts';
import { checkBundles } from './bundles.ts';
import { checkIssuers } from './issuers.ts';
import { checkManifests } from './manifests.ts';
import { checkAppRecipients, checkRecipients } from './recipients.ts';
import { checkSpans } from './spans.ts';
import { checkStructure } from './structure.ts';
import { checkSubjects } from './subjects.ts';

/** What one look at the whole fleet brings. */
export interface Survey {
  readonly problems: readonly DeclarationProblem[];
  /** Clusters that were looked at: the selected ones, and those that they use. */
  readonly clusters: readonly string[];
  readonly imports: Imports;
}

/**
 * Finds everything that is wrong, cluster by cluster, and what clusters use of each other. Clusters that are neither selected nor
 * used by one that is are not looked at: what is wrong there does not keep anybody from working here.
 */
export function survey(fleet: Fleet, isSelected: IsSelected = () => true): Survey {
  const problems = new Map<string, DeclarationProblem>();
  const report: Report = (construct, message) => {
    const constructPath = construct.node.path;
    problems.set(`${constructPath}\n${message}`, { constructPath, message });
  };
  for (const construct of fleet.app.node.findAll())
    for (const message of construct.node.validate()) report(construct, message);
  checkAppRecipients(fleet, report);
  checkStructure(fleet, report);

  const index = indexOf(fleet);
  const imports = new Map<string, ReadonlySet<CredentialPath>>();
  const names = new Set(fleet.folders.map(({ name }) => name).filter((name) => isSelected([name])));
  for (const name of names) {
    const folder = index.folders.get(name);
    if (folder === undefined) continue;
    // references hold the name: each one would only say again that it is none
    if (!isShared(folder) && chartName(name).problem !== undefined) continue;
    checkRecipients(fleet, folder, report);
    const known = checkIssuers(fleet, folder, report);
    const manifests = checkManifests(folder, index.kindOf, report);
    const bundles = checkBundles(folder, index.kindOf, report);
    if (!known || manifests === undefined || bundles === undefined) continue;
    const cluster = describeCluster(fleet, folder, new Map(), { manifests, bundles });
    const constructs = index.constructsOf(folder.name);
    checkSpans(folder, cluster, constructs, index.authorityOf, report);
    checkAlgorithms(fleet, folder, cluster, constructs, report);
    checkSubjects(folder, cluster, constructs, report);
    const used = importsOf(cluster);
    if (used.size > 0) imports.set(name, used);
    for (const path of used) names.add(credentialParts(path).cluster); // and so looked at, in its turn
  }
  return { problems: [...problems.values()], clusters: [...names], imports };
}

/** Credentials by path. A cluster's are listed when they are asked for, and few such lists are kept. */
function indexOf(fleet: Fleet) {
  const folders = new Map(fleet.folders.map((folder) => [folder.name, folder]));
  const authorities = new Map<CredentialPath, DesiredAuthority | undefined>();
  const lists = new Map<string, ReadonlyMap<CredentialPath, IConstruct>>();
  const constructsOf = (name: string): ReadonlyMap<CredentialPath, IConstruct> => {
    const kept = lists.get(name);
    if (kept !== undefined) return kept;
    const { keysets = [], leaves = [] }: Partial<Folder> = folders.get(name) ?? {};
    const list = new Map(
      [...keysets, ...leaves].map((construct) => [pathOf(construct), construct]),
    );
    if (lists.size >= 16) lists.clear();
    lists.set(name, list);
    return list;
  };
  const find = (path: CredentialPath): IConstruct | undefined =>
    constructsOf(credentialParts(path).cluster).get(path);
  const authorityAt = (path: CredentialPath): DesiredAuthority | undefined => {
    const construct = find(path);
    const mark = markOf(construct);
    const folder = folders.get(credentialParts(path).cluster);
    return construct !== undefined && folder !== undefined && mark?.kind === 'CertificateAuthority'
      ? describeAuthority(construct, mark, scopeOf(fleet, folder))
      : undefined;
  };
  return {
    folders,
    constructsOf,
    kindOf: (path: CredentialPath): Mark['kind'] | undefined => markOf(find(path))?.kind,
    authorityOf: (path: CredentialPath): DesiredAuthority | undefined => {
      if (authorities.size >= 64 && !authorities.has(path)) authorities.clear();
      const authority = authorities.get(path) ?? authorityAt(path);
      authorities.set(path, authority);
      return authority;
    },
  };
}
