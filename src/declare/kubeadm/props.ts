import type { Duration } from 'cdk8s';
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

/** A machine that runs pods only. */
export interface WorkerNode {
  /** The node's name as the kubelet registers it. */
  readonly name: string;
  /**
   * They may open the workers' bundle. Nothing in it is encrypted: a worker's own key is made by its kubelet.
   * @default - custodians only
   */
  readonly recipients?: readonly string[];
}

/** A folder or file of the node that a component needs: kubeadm's HostPathMount. */
export interface ExtraVolume {
  /** A DNS label. That of a default volume replaces it, unless the component could not start without. */
  readonly name: string;
  /** Absolute. */
  readonly hostPath: string;
  /** Absolute. */
  readonly mountPath: string;
  /** @default false */
  readonly readOnly?: boolean;
  /**
   * `DirectoryOrCreate`, `File` and so on, as in a Pod's hostPath.
   * @default '' (nothing is checked)
   */
  readonly pathType?: string;
}

/** What is added to one component: kubeadm's own words, merged as kubeadm does. */
export interface Component {
  /**
   * Flags by name, without dashes; a list is the flag repeated. They replace a default flag of the same name, and come last.
   * A flag of what a component trusts (`client-ca-file`, `service-account-key-file`) must go on naming the file of the tree.
   * @default - kubeadm's flags
   */
  readonly extraArgs?: Readonly<Record<string, string | readonly string[]>>;
  /** @default - kubeadm's volumes */
  readonly extraVolumes?: readonly ExtraVolume[];
  /**
   * A whole image reference.
   * @default - of `imageRepository`, by version
   */
  readonly image?: string;
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
   * `1.34.4`; a minor alone means its `.0`. 1.31 to 1.34: versions whose manifests were compared with kubeadm's. From 1.33 on,
   * kubelet.conf names the API server of its own node, as kubeadm writes it.
   * @default - unknown; node bundles then hold certificates, keys and kubeconfigs as of the newest version, but no static pods
   */
  readonly kubernetesVersion?: string;
  /**
   * What runs the control plane from a node bundle. `static-pods`: the manifests are in the bundle, and the kubelet starts them as
   * soon as they are there. `kubeadm`: the bundle holds `etc/kubernetes/kubeadm/config.yaml` and patches for `kubeadm init --config`
   * (and `join`), which keeps every file and writes manifests with the same flags; needs `kubernetesVersion`.
   * @default 'static-pods'
   */
  readonly controlPlane?: 'static-pods' | 'kubeadm';
  /** `host[:port]` by which everyone reaches the API servers; the port is 6443 where none is given. */
  readonly controlPlaneEndpoint: string;
  readonly controlPlaneNodes: readonly ControlPlaneNode[];
  /**
   * Where given, even empty, the bundle `_worker` holds what every worker node needs: the trust bundle and the kubelet's configuration.
   * @default - no such bundle
   */
  readonly workerNodes?: readonly WorkerNode[];
  /**
   * One network, or two of different families; the first one has the address of the `kubernetes` Service.
   * @default ['10.96.0.0/12']
   */
  readonly serviceSubnets?: readonly string[];
  /**
   * One network, or two of different families, from which kube-controller-manager gives each node its own.
   * @default - none; the network plugin does it
   */
  readonly podSubnets?: readonly string[];
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
  /** @default - as kubeadm */
  readonly apiServer?: Component;
  /** @default - as kubeadm */
  readonly controllerManager?: Component;
  /** @default - as kubeadm */
  readonly scheduler?: Component;
  /**
   * The members of a stacked etcd.
   * @default - as kubeadm
   */
  readonly etcdLocal?: Component;
  /** @default 'registry.k8s.io' */
  readonly imageRepository?: string;
  /**
   * Longest life of what kube-controller-manager signs, kubelets' certificates above all: `--cluster-signing-duration`. A retired
   * authority stays trusted for the longest that was declared while it signed.
   * @default Duration.days(365)
   */
  readonly clusterSigningDuration?: Duration;
  /**
   * Whether nodes also get the keys of the etcd and front-proxy authorities, as kubeadm leaves them there.
   * @default false
   */
  readonly kubeadmCaKeys?: boolean;
}
