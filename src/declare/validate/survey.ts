import type { IConstruct } from 'constructs';
import type { DeclarationProblem, DesiredAuthority } from '../../model/desired.ts';
import { credentialParts, type CredentialPath, type Seconds } from '../../model/names.ts';
import { describeCluster } from '../describe/cluster.ts';
import type { Fleet, Folder, Report } from '../describe/collect.ts';
import { describeAuthority, scopeOf } from '../describe/credentials.ts';
import { importsOf } from '../describe/imports.ts';
import type { Imports } from '../describe/units.ts';
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
  readonly imports: Imports;
  /** Longest validity of the leaves that each authority signs. */
  readonly longestLeaves: ReadonlyMap<CredentialPath, Seconds>;
}

/** Finds everything that is wrong, cluster by cluster, and what clusters use of each other; `settle` is called between them. */
export function survey(fleet: Fleet, settle: () => void = () => undefined): Survey {
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
  const longestLeaves = new Map<CredentialPath, Seconds>();
  for (const folder of fleet.folders) {
    settle();
    checkRecipients(fleet, folder, report);
    const known = checkIssuers(fleet, folder, report);
    const rendered = checkManifests(folder, index.kindOf, report);
    checkBundles(folder, index.kindOf, report);
    if (!known || !rendered) continue;
    const cluster = describeCluster(fleet, folder, new Map());
    const constructs = index.constructsOf(folder.name);
    checkSpans(folder, cluster, constructs, index.authorityOf, report);
    checkAlgorithms(fleet, folder, cluster, constructs, report);
    checkSubjects(folder, cluster, constructs, report);
    for (const { issuer, validity } of cluster.leaves)
      longestLeaves.set(issuer, Math.max(validity, longestLeaves.get(issuer) ?? 0));
    const used = importsOf(cluster);
    if (used.size > 0) imports.set(folder.name, used);
  }
  return { problems: [...problems.values()], imports, longestLeaves };
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
