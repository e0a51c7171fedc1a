/**
 * Texts that rendering replaces in a file of a node bundle by what only the whole bundle, or the tree, can tell. They begin as
 * references do, so that one that is left behind is found as such.
 */
export const PLACEHOLDERS = {
  /** In a static pod: the hash of the files that it reads, `DesiredFile.reads`. */
  filesHash: '__cdk8s-pki:files-hash__',
  /** In etcd's static pod: the value of `--initial-cluster`, frozen when the node's bundle is first written. */
  initialCluster: '__cdk8s-pki:initial-cluster__',
  /** The value of `--initial-cluster-state`: `new`, or `existing` for a member that joins. */
  initialClusterState: '__cdk8s-pki:initial-cluster-state__',
  /** Marks a line that is left out while the bundle has no CRL: etcd refuses everybody where the file that a flag names is not there. */
  withCrl: '__cdk8s-pki:with-crl__',
} as const;

/** The annotation of a static pod that carries the hash of the files that it reads. */
export const FILES_ANNOTATION = 'cdk8s-pki/files';
