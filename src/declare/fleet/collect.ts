import type { IConstruct } from 'constructs';
import { SHARED } from '../../model/store/layout.ts';
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
  readonly keysets: IConstruct[];
  readonly leaves: IConstruct[];
  readonly bundles: IConstruct[];
  /** ApiObjects of the chart and of the charts below it. */
  readonly objects: IConstruct[];
  /** Charts below it. */
  readonly charts: IConstruct[];
}

export interface Fleet {
  readonly app: IConstruct;
  readonly mark: AppMark;
  /** In the order of declaration, the shared one first. */
  readonly folders: readonly Folder[];
}

const KINDS: Partial<Record<Mark['kind'], 'keysets' | 'leaves' | 'bundles'>> = {
  CertificateAuthority: 'keysets',
  ServiceAccountKey: 'keysets',
  Certificate: 'leaves',
  Kubeconfig: 'leaves',
  NodeBundle: 'bundles',
};

/** Sorts the constructs of a whole App into folders, in one walk. */
export function collect(app: IConstruct, mark: AppMark): Fleet {
  const shared = folder(SHARED, app, null);
  const folders: Folder[] = [];
  const visit = (construct: IConstruct, holder: Folder): void => {
    const kind = markOf(construct)?.kind;
    const list = kind && KINDS[kind];
    if (list !== undefined) holder[list].push(construct);
    else if (isApiObject(construct)) holder.objects.push(construct);
    let inner = holder;
    if (isChart(construct)) {
      if (holder === shared) folders.push((inner = chartFolder(construct)));
      else holder.charts.push(construct);
    }
    for (const child of construct.node.children) visit(child, inner);
  };
  for (const child of app.node.children) visit(child, shared);
  const holdsShared = [shared.keysets, shared.leaves, shared.bundles].some(
    (list) => list.length > 0,
  );
  return { app, mark, folders: holdsShared ? [shared, ...folders] : folders };
}

function chartFolder(chart: IConstruct): Folder {
  const mark = markOf(chart);
  return folder(chartNameOf(chart), chart, mark?.kind === 'Cluster' ? mark : null);
}

function folder(name: string, construct: IConstruct, cluster: ClusterMark | null): Folder {
  return {
    name,
    construct,
    cluster,
    keysets: [],
    leaves: [],
    bundles: [],
    objects: [],
    charts: [],
  };
}

export const isShared = (candidate: Folder): boolean => candidate.name === SHARED;

/** Whether the folder may hold credentials. */
export const hasStore = (candidate: Folder): boolean =>
  candidate.cluster !== null || isShared(candidate);
