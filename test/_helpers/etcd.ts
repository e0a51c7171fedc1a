import type { DesiredBundle } from '../../src/model/desired.ts';
import type { EtcdStart } from '../../src/model/made/etcd.ts';

/** The bundle of node `cp-<number>`, a member of etcd. */
export const bundle = (number: number): DesiredBundle => ({
  constructPath: `prod/nodes/cp-${number}`,
  node: `cp-${number}`,
  etcdMember: { name: `cp-${number}`, peerUrl: `https://10.0.0.${number}:2380` },
  files: [],
});

/** The value of `--initial-cluster` for these nodes. */
export const members = (...numbers: readonly number[]): string =>
  numbers.map((number) => `cp-${number}=https://10.0.0.${number}:2380`).join(',');

export const start = (initialCluster: string, initialClusterState = 'new'): EtcdStart => ({
  initialCluster,
  initialClusterState,
});
