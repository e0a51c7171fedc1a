/** How a member of etcd is started for the first time; frozen in its node's manifest, since it means nothing later. */
export interface EtcdStart {
  /** The value of `--initial-cluster`. */
  readonly initialCluster: string;
  /** The value of `--initial-cluster-state`. */
  readonly initialClusterState: string;
}

/** By cluster, then by node. */
export type EtcdStarts = ReadonlyMap<string, ReadonlyMap<string, EtcdStart>>;
