import type { CertificateAuthority } from '../certificate-authority.ts';
import type { ClusterProps } from '../cluster.ts';
import type { ServiceAccountKey } from '../service-account-key.ts';

/** A machine that runs the control plane. */
export interface ControlPlaneNode {
  /** The node's name as the kubelet registers it: a lower-case DNS name of at most 52 characters. */
  readonly name: string;
  /** The address at which its API server and its etcd are reached: kubeadm's `localAPIEndpoint.advertiseAddress`. */
  readonly advertiseAddress: string;
  /**
   * Further addresses or DNS names of the node, for instance those of the other family: alternative names of its apiserver and
   * etcd certificates.
   * @default - none
   */
  readonly addresses?: readonly string[];
  /**
   * They open this node's bundle and nothing else.
   * @default - custodians only
   */
  readonly recipients?: readonly string[];
}

/** An etcd cluster that is not run on the control-plane nodes. */
export interface ExternalEtcd {
  /** https URLs of its members. */
  readonly endpoints: readonly string[];
  /** Signs etcd's certificates; here it signs apiserver-etcd-client. */
  readonly authority: CertificateAuthority;
}

export interface KubeadmClusterProps extends ClusterProps {
  /**
   * `1.34.4`; a minor alone means its `.0`. 1.29 or newer: older kubeadm puts administrators into system:masters.
   * @default - not checked, and taken for the newest
   */
  readonly kubernetesVersion?: string;
  /** `host[:port]` by which everyone reaches the API servers; the port is 6443 where none is given. */
  readonly controlPlaneEndpoint: string;
  readonly controlPlaneNodes: readonly ControlPlaneNode[];
  /**
   * One network, or two of different families; the first one has the address of the `kubernetes` Service.
   * @default ['10.96.0.0/12']
   */
  readonly serviceSubnets?: readonly string[];
  /** @default 'cluster.local' */
  readonly dnsDomain?: string;
  /**
   * Further names of the API server: IP addresses, DNS names, wildcards.
   * @default - none
   */
  readonly apiServerCertSans?: readonly string[];
  /** @default - none */
  readonly etcdServerCertSans?: readonly string[];
  /** @default - none */
  readonly etcdPeerCertSans?: readonly string[];
  /** @default 'stacked' */
  readonly etcd?: 'stacked' | ExternalEtcd;
  /**
   * A shared authority instead of one of its own.
   * @default - one of its own, common name `kubernetes`
   */
  readonly ca?: CertificateAuthority;
  /**
   * A shared authority instead of one of its own. Never the same as `ca`: whoever held a client certificate of `ca` could then
   * pass for the front proxy.
   * @default - one of its own
   */
  readonly frontProxyCa?: CertificateAuthority;
  /**
   * A shared key instead of one of its own.
   * @default - one of its own
   */
  readonly serviceAccountKey?: ServiceAccountKey;
  /**
   * Whether nodes also get the keys of the etcd and front-proxy authorities, as kubeadm leaves them there.
   * @default false
   */
  readonly kubeadmCaKeys?: boolean;
}
