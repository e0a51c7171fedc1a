import type { IConstruct } from 'constructs';
import { SHARED } from '../../model/store/layout.ts';
import { childrenOf } from '../tree/deferred.ts';
import {
  isApiObject,
  isChart,
  markOf,
  type AppMark,
  type ClusterMark,
  type Mark,
} from '../tree/mark.ts';
import { chartNameOf } from '../tree/place.ts';

/** Tells a problem at a construct. */
export type Report = (construct: IConstruct, message: string) => void;

/** What one folder of the tree is made of. */
export interface Folder {
  readonly name: string;
  /** The cluster or chart; the App for shared authorities. */
  readonly construct: IConstruct;
  /** Null for a plain chart, and for shared authorities. */
  readonly cluster: ClusterMark | null;
}

/** A folder with its constructs, in the order of the tree. */
export interface OpenFolder extends Folder {
  /** All of them, the cluster, chart or App first. */
  readonly constructs: readonly IConstruct[];
  readonly keysets: readonly IConstruct[];
  readonly leaves: readonly IConstruct[];
  readonly bundles: readonly IConstruct[];
  /** ApiObjects of the chart and of the charts below it. */
  readonly objects: readonly IConstruct[];
  /** Charts below it. */
  readonly charts: readonly IConstruct[];
}

export interface Fleet {
  readonly app: IConstruct;
  readonly mark: AppMark;
  /** In the order of declaration, the shared one first. */
  readonly folders: readonly Folder[];
  /** What belongs to no chart, whether or not it is a folder of the tree. */
  readonly shared: OpenFolder;
}

const KINDS: Partial<Record<Mark['kind'], 'keysets' | 'leaves' | 'bundles'>> = {
  CertificateAuthority: 'keysets',
  ServiceAccountKey: 'keysets',
  Certificate: 'leaves',
  Kubeconfig: 'leaves',
  NodeBundle: 'bundles',
};

/** Finds the folders of a whole App, without a look at what is in the charts. */
export function collect(app: IConstruct, mark: AppMark): Fleet {
  const folders: Folder[] = [];
  const shared = walk({ name: SHARED, construct: app, cluster: null }, (chart) => {
    folders.push(folderOf(chart));
  });
  const holdsShared = [shared.keysets, shared.leaves, shared.bundles].some(
    (list) => list.length > 0,
  );
  return { app, mark, shared, folders: holdsShared ? [shared, ...folders] : folders };
}

/** Looks into a folder. Not to be kept: of a whole fleet it is a lot. */
export const open = ({ app, shared }: Fleet, folder: Folder): OpenFolder =>
  folder.construct === app ? shared : walk(folder);

/** Charts are told, or belong to the folder. */
function walk(folder: Folder, foundChart?: (chart: IConstruct) => void): OpenFolder {
  const lists = {
    constructs: [folder.construct],
    keysets: [] as IConstruct[],
    leaves: [] as IConstruct[],
    bundles: [] as IConstruct[],
    objects: [] as IConstruct[],
    charts: [] as IConstruct[],
  };
  const visit = (construct: IConstruct): void => {
    if (isChart(construct)) {
      if (foundChart !== undefined) {
        foundChart(construct);
        return;
      }
      lists.charts.push(construct);
    }
    lists.constructs.push(construct);
    const kind = markOf(construct)?.kind;
    const list = kind && KINDS[kind];
    if (list !== undefined) lists[list].push(construct);
    else if (isApiObject(construct)) lists.objects.push(construct);
    for (const child of childrenOf(construct)) visit(child);
  };
  for (const child of childrenOf(folder.construct)) visit(child);
  return { ...folder, ...lists };
}

function folderOf(chart: IConstruct): Folder {
  const mark = markOf(chart);
  const cluster = mark?.kind === 'Cluster' ? mark : null;
  return { name: chartNameOf(chart), construct: chart, cluster };
}

export const isShared = (candidate: Folder): boolean => candidate.name === SHARED;

/** Whether the folder may hold credentials. */
export const hasStore = (candidate: Folder): boolean =>
  candidate.cluster !== null || isShared(candidate);
