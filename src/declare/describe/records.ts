import type {
  BrokenCluster,
  DesiredCluster,
  FleetCluster,
  KeysetUser,
} from '../../model/desired.ts';
import { credentialParts } from '../../model/names.ts';
import { SHARED } from '../../model/store/layout.ts';
import { hasStore, open, type Fleet, type Folder } from '../fleet/collect.ts';
import {
  longestIn,
  longestLeavesOf,
  longestSigned,
  type LongestSigned,
} from '../fleet/longest-signed.ts';
import { planUnits } from '../fleet/units.ts';
import type { Survey } from '../validate/survey.ts';
import { describeCluster, describeOutputs } from './cluster.ts';
import { json, line, unitLine } from './lines.ts';

/**
 * What a valid fleet is handed over as, up to the end, a line a record: one cluster at a time is turned into data, of those that were
 * looked at.
 */
export function* records(
  fleet: Fleet,
  { clusters: names, imports, announced, asked, users, descriptions }: Omit<Survey, 'problems'>,
  broken: readonly BrokenCluster[] = [],
): Generator<Uint8Array, void> {
  const { tree, removedRecipients, encryption } = fleet.mark;
  const isBroken = new Set(broken.map(({ cluster }) => cluster));
  const clusters = fleet.folders.map(
    (folder) => (isBroken.has(folder.name) ? undefined : announced.get(folder)) ?? named(folder),
  );
  yield line({ type: 'fleet', fleet: { tree, removedRecipients, encryption, clusters }, broken });
  const sound = fleet.folders.filter(({ name }) => !isBroken.has(name));
  const longest = longestSigned(sound.flatMap((folder) => asked.get(folder) ?? []));
  const all = sound.flatMap((folder) => users.get(folder) ?? []).sort(byCluster);
  const isAsked = new Set([...longest.keys()].map((path) => credentialParts(path).cluster));
  const folders = new Map(sound.map((folder) => [folder.name, folder]));
  const described = names.filter((name) => !isBroken.has(name));
  for (const { clusters: unit, ...between } of planUnits(described, imports)) {
    const members = unit.flatMap((name) => {
      const closed = folders.get(name);
      if (closed === undefined) return [];
      const kept = isAsked.has(name) ? undefined : descriptions.get(closed);
      return kept ?? json(describeAnew(fleet, closed, longest));
    });
    yield unitLine(members, { ...between, users: unit.includes(SHARED) ? all : [] });
  }
}

function describeAnew(fleet: Fleet, closed: Folder, longest: LongestSigned): DesiredCluster {
  const folder = open(fleet, closed);
  const longestOf = longestIn(longestLeavesOf(fleet, folder), longest);
  return describeCluster(fleet, folder, longestOf, describeOutputs(folder));
}

const byCluster = (a: KeysetUser, b: KeysetUser): number =>
  a.cluster < b.cluster ? -1 : Number(a.cluster > b.cluster);

/** Of what has problems no more is said than that it is declared. */
function named(folder: Folder): FleetCluster {
  const { name } = folder;
  return { name, recipients: [], deliveryRecipients: [], nodes: [], hasStore: hasStore(folder) };
}
