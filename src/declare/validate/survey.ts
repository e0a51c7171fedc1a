import type { IConstruct } from 'constructs';
import { chartName } from '../../catalog/names/tree-name.ts';
import type {
  DeclarationProblem,
  DesiredAuthority,
  DesiredCluster,
  FleetCluster,
  KeysetUser,
} from '../../model/desired.ts';
import { credentialParts, type CredentialPath } from '../../model/names.ts';
import type { IsSelected } from '../../model/selection.ts';
import { SHARED } from '../../model/store/layout.ts';
import { describeCluster, describeFleetCluster } from '../describe/cluster.ts';
import { json } from '../describe/lines.ts';
import {
  isShared,
  open,
  type Fleet,
  type Folder,
  type OpenFolder,
  type Report,
} from '../fleet/collect.ts';
import { describeAuthority, scopeOf } from '../describe/credentials.ts';
import { importsOf } from '../fleet/imports.ts';
import {
  askedOf,
  longestIn,
  longestLeavesOf,
  longestSigned,
  type Asked,
} from '../fleet/longest-signed.ts';
import type { Imports } from '../fleet/units.ts';
import { usersIn } from '../fleet/users.ts';
import { markOf, type Mark } from '../tree/mark.ts';
import { pathOf } from '../tree/place.ts';
import { checkAlgorithms } from './algorithms.ts';
import { checkBundles } from './bundles.ts';
import { checkIssuers } from './issuers.ts';
import { checkManifests } from './manifests.ts';
import { checkAppRecipients, checkRecipients } from './recipients.ts';
import { checkSpans, type Later } from './spans.ts';
import { structureCheck } from './structure.ts';
import { checkSubjects, type Constructs } from './subjects.ts';

/** What one look at the whole fleet brings. */
export interface Survey {
  readonly problems: readonly DeclarationProblem[];
  /** Clusters that were looked at: the selected ones, and those that they use. */
  readonly clusters: readonly string[];
  readonly imports: Imports;
  /** What is said of every folder, looked at or not. */
  readonly announced: ReadonlyMap<Folder, FleetCluster>;
  /** What folders ask of authorities: those in others, and those above their own. */
  readonly asked: ReadonlyMap<Folder, Asked>;
  /** Who uses keysets of `_shared`, by folder; of none where that is not selected. */
  readonly users: ReadonlyMap<Folder, readonly KeysetUser[]>;
  /** Clusters as they are handed over where nothing is asked of their authorities, JSON; those for which there is room. */
  readonly descriptions: ReadonlyMap<Folder, Uint8Array>;
}

/** Fleets whose descriptions are kept, so that they need not be made twice, and how much of them: a cluster of one node has 30 KiB. */
const MOST_CLUSTERS = 2500;
const MOST_OCTETS = 32 * 1024 * 1024;

/**
 * Finds everything that is wrong, cluster by cluster, and what clusters use of each other. Clusters that are neither selected nor
 * used by one that is are not looked at, but for what they use of what is shared, where that is selected: what is wrong there does not
 * keep anybody from working here. Constructs are held of one cluster at a time.
 */
export function survey(fleet: Fleet, isSelected: IsSelected = () => true): Survey {
  const own = new Problems();
  const structure = new Problems();
  const others = new Problems();
  const index = indexOf(fleet);
  const imports = new Map<string, ReadonlySet<CredentialPath>>();
  const announced = new Map<Folder, FleetCluster>();
  const asked = new Map<Folder, Asked>();
  const later: Later[] = [];
  const names = new Set(fleet.folders.map(({ name }) => name).filter((name) => isSelected([name])));
  const done = new Set<string>();
  const users = new Map<Folder, readonly KeysetUser[]>();
  const isSharing = fleet.shared.keysets.length > 0 && isSelected([SHARED]);
  const descriptions = new Map<Folder, Uint8Array>();
  let room = names.size <= MOST_CLUSTERS ? MOST_OCTETS : 0;

  const noteUsers = (folder: Folder, cluster: DesiredCluster | undefined): void => {
    const own = isSharing && cluster !== undefined ? usersIn(cluster, SHARED) : [];
    if (own.length > 0) users.set(folder, own);
  };
  const lookAt = (closed: Folder, folder: OpenFolder): void => {
    done.add(folder.name);
    const cluster = described(fleet, folder, index, others.report, later);
    const used = cluster === undefined ? new Set<CredentialPath>() : importsOf(cluster);
    noteUsers(closed, cluster);
    const description = room > 0 && cluster !== undefined ? tryJson(cluster) : undefined;
    if (description !== undefined) {
      room = Math.max(0, room - description.length);
      if (room > 0) descriptions.set(closed, description);
    }
    if (used.size > 0) imports.set(folder.name, used);
    for (const path of used) names.add(credentialParts(path).cluster); // and so looked at, in its turn
  };

  own.validate(fleet.shared.constructs);
  checkAppRecipients(fleet, structure.report);
  const checkStructure = structureCheck(structure.report);
  for (const closed of fleet.folders) {
    const folder = open(fleet, closed);
    if (folder !== fleet.shared) own.validate(folder.constructs);
    checkStructure(folder);
    announced.set(closed, describeFleetCluster(fleet, folder));
    const ask = askedOf(fleet, folder);
    if (ask.leaves.size + ask.subordinates.length > 0) asked.set(closed, ask);
    if (index.folders.get(folder.name) !== closed) continue;
    if (names.has(folder.name)) lookAt(closed, folder);
    else if (isSharing)
      noteUsers(
        closed,
        described(fleet, folder, index, () => undefined),
      );
  }
  for (const name of names) {
    const closed = done.has(name) ? undefined : index.folders.get(name);
    if (closed !== undefined) lookAt(closed, open(fleet, closed));
  }
  const longest = longestSigned([...asked.values()]);
  for (const check of later) check(longest);
  const problems = Problems.of(own, structure, others);
  return { problems, clusters: [...names], imports, announced, asked, users, descriptions };
}

/** Undefined for what is no JSON, which is told once it is handed over: other problems come before. */
function tryJson(cluster: DesiredCluster): Uint8Array | undefined {
  try {
    return json(cluster);
  } catch {
    return undefined;
  }
}

/** Each is told once. */
class Problems {
  readonly #found = new Map<string, DeclarationProblem>();

  readonly report: Report = (construct, message) => {
    const constructPath = construct.node.path;
    this.#found.set(`${constructPath}\n${message}`, { constructPath, message });
  };

  validate(constructs: readonly IConstruct[]): void {
    for (const construct of constructs)
      for (const message of construct.node.validate()) this.report(construct, message);
  }

  static of(...parts: readonly Problems[]): DeclarationProblem[] {
    return [...new Map(parts.flatMap((part) => [...part.#found])).values()];
  }
}

/** Checks one folder. Undefined where it cannot be described, which is a problem that was told. */
function described(
  fleet: Fleet,
  folder: OpenFolder,
  index: Index,
  report: Report,
  later: Later[] = [],
): DesiredCluster | undefined {
  const { name } = folder;
  // references hold the name: each one would only say again that it is none
  if (!isShared(folder) && chartName(name).problem !== undefined) return undefined;
  const constructs = index.hold(folder);
  checkRecipients(fleet, folder, report);
  const known = checkIssuers(fleet, folder, report);
  const manifests = checkManifests(folder, index.kindOf, report);
  const bundles = checkBundles(folder, index.kindOf, report);
  if (!known || manifests === undefined || bundles === undefined) return undefined;
  const longest = longestIn(longestLeavesOf(fleet, folder));
  const cluster = describeCluster(fleet, folder, longest, { manifests, bundles });
  later.push(...checkSpans(folder, cluster, constructs, index.authorityOf, report));
  checkAlgorithms(fleet, folder, cluster, constructs, report);
  checkSubjects(folder, cluster, constructs, report);
  return cluster;
}

type Index = ReturnType<typeof indexOf>;

/** Credentials by path. A cluster's are listed when they are asked for, and few such lists are kept. */
function indexOf(fleet: Fleet) {
  const folders = new Map(fleet.folders.map((folder) => [folder.name, folder]));
  const authorities = new Map<CredentialPath, DesiredAuthority | undefined>();
  const lists = new Map<string, Constructs>();
  const hold = ({ name, keysets, leaves }: OpenFolder): Constructs => {
    const list = new Map(
      [...keysets, ...leaves].map((construct) => [pathOf(construct), construct]),
    );
    if (lists.size >= 16) lists.clear();
    lists.set(name, list);
    return list;
  };
  const constructsOf = (name: string): Constructs => {
    const folder = folders.get(name);
    return lists.get(name) ?? (folder === undefined ? new Map() : hold(open(fleet, folder)));
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
    hold,
    kindOf: (path: CredentialPath): Mark['kind'] | undefined => markOf(find(path))?.kind,
    authorityOf: (path: CredentialPath): DesiredAuthority | undefined => {
      if (authorities.size >= 64 && !authorities.has(path)) authorities.clear();
      const authority = authorities.get(path) ?? authorityAt(path);
      authorities.set(path, authority);
      return authority;
    },
  };
}
