import type {
  AlternativeNames,
  CredentialPath,
  KeyAlgorithm,
  Profile,
  Seconds,
  Subject,
} from './names.ts';
import type { TrustDomain } from './store/rotation.ts';
import type { RenewalWindow } from './x509.ts';

/** What the declaration's process hands back: a size, one fleet record, then units until the end. Data only. */
export type DeclarationRecord =
  /** How many clusters are selected, before anybody has looked at them. */
  | { readonly type: 'size'; readonly clusters: number }
  | {
      readonly type: 'fleet';
      readonly fleet: DesiredFleet;
      /** Clusters of the fleet that are not handed over. */
      readonly broken: readonly BrokenCluster[];
    }
  | { readonly type: 'unit'; readonly unit: DesiredUnit }
  | { readonly type: 'end' }
  | { readonly type: 'invalid'; readonly problems: readonly DeclarationProblem[] }
  | { readonly type: 'failed'; readonly reason: DeclarationFailure };

/** Why there is no App to check; what the declaration itself printed is on the standard error stream. */
export type DeclarationFailure =
  'missing' | 'threw' | 'exited' | 'unsettled' | 'busy' | 'no-export' | 'no-app';

export interface DeclarationProblem {
  readonly constructPath: string;
  readonly message: string;
}

/** A cluster whose declaration has problems, which are of no other. */
export interface BrokenCluster {
  readonly cluster: string;
  readonly problems: readonly DeclarationProblem[];
}

/** What holds for the whole tree. */
export interface DesiredFleet {
  /** The tree's folder, from the working directory. */
  readonly tree: string;
  readonly removedRecipients: readonly RemovedRecipient[];
  readonly encryption: 'native' | 'sops';
  readonly clusters: readonly FleetCluster[];
}

export interface RemovedRecipient {
  readonly recipient: string;
  readonly since: string;
  readonly compromised: boolean;
}

/** Enough of a cluster to find orphans and to write `.sops.yaml`, without its credentials. */
export interface FleetCluster {
  readonly name: string;
  /** Custodians: they open the store. */
  readonly recipients: readonly string[];
  readonly deliveryRecipients: readonly string[];
  readonly nodes: readonly { readonly name: string; readonly recipients: readonly string[] }[];
  /** Whether it may hold credentials: false for a plain Chart. */
  readonly hasStore: boolean;
}

/** Clusters to be handled together, because they refer to each other; mostly one. */
export interface DesiredUnit {
  readonly clusters: readonly DesiredCluster[];
  /** Credentials of earlier units that this one refers to. */
  readonly imports: readonly CredentialPath[];
  /** Credentials of this unit that later units refer to. */
  readonly exports: readonly CredentialPath[];
  /** Who uses its keysets, of the whole fleet; of keysets in `_shared` alone, and only where that is selected. */
  readonly users: readonly KeysetUser[];
}

/** What a cluster has of a keyset that it shares with others: what a rotation changes there. */
export interface KeysetUser {
  readonly keyset: CredentialPath;
  readonly cluster: string;
  /** What it is for there. */
  readonly domain: TrustDomain;
  /** Nodes with files that follow, in the order of their names. */
  readonly nodes: readonly string[];
  /** Names of authorities that have a certificate of it. */
  readonly authorities: readonly string[];
  /** What follows its trust bundle. */
  readonly trusting: Following;
  /** What follows what it issues, the bundle included. */
  readonly issued: Following;
}

/** Outputs of a cluster, each once. */
export interface Following {
  /** From the root of a node, on whichever of them. */
  readonly files: readonly string[];
  /** Static pods that read one of them. */
  readonly pods: readonly string[];
  readonly kubeconfigs: readonly string[];
  /** Below the cluster's folder, without extension, as `DesiredManifest` has them. */
  readonly manifests: readonly string[];
}

export interface DesiredCluster extends FleetCluster {
  /** In the order in which they can be made: issuers first. */
  readonly authorities: readonly DesiredAuthority[];
  readonly serviceAccountKeys: readonly DesiredServiceAccountKey[];
  readonly leaves: readonly DesiredLeaf[];
  readonly manifests: readonly DesiredManifest[];
  readonly bundles: readonly DesiredBundle[];
}

interface DesiredCredential {
  readonly path: CredentialPath;
  readonly cluster: string;
  readonly name: string;
  readonly constructPath: string;
  readonly keyAlgorithm: KeyAlgorithm;
}

export interface DesiredRotation {
  readonly soak: Seconds;
  readonly automatic: boolean;
  /** The longest life of what an issuing entry signs outside of the tree, kubelets' certificates and tokens; null where nobody knows. */
  readonly outsideLife: Seconds | null;
}

/** A keyset of certificate authorities. */
export interface DesiredAuthority extends DesiredCredential {
  readonly kind: 'CertificateAuthority';
  readonly subject: Subject;
  /** As kubeadm does: the common name again, where it is a DNS name. */
  readonly dnsNames: readonly string[];
  /** The issuing keyset; null for a self-signed root. */
  readonly issuer: CredentialPath | null;
  readonly pathLength: number | null;
  readonly validity: Seconds;
  readonly renewBefore: Seconds;
  readonly rotation: DesiredRotation;
}

/** A keyset of service-account signing keys. */
export interface DesiredServiceAccountKey extends DesiredCredential {
  readonly kind: 'ServiceAccountKey';
  readonly rotation: DesiredRotation;
}

export interface DesiredLeaf extends DesiredCredential, AlternativeNames {
  readonly kind: 'Certificate' | 'Kubeconfig';
  readonly node: string | null;
  readonly issuer: CredentialPath;
  readonly profile: Exclude<Profile, 'ca'>;
  readonly subject: Subject;
  readonly validity: Seconds;
  /** Of a certificate of the whole validity, where `renewBeforePercentage` says how much of its life that is. */
  readonly renewBefore: Seconds;
  /** Of the life that a certificate was issued with, more than 0 and less than 100; null where `renewBefore` holds. */
  readonly renewBeforePercentage: number | null;
  /** Renewals wait for one of them; they wait for nothing where there is none. */
  readonly renewalWindows: readonly RenewalWindow[];
  /** The window in which the renewal instant is moved earlier, by a fixed function of cluster and node. */
  readonly jitter: Seconds;
  /** Set for a kubeconfig. */
  readonly kubeconfig: {
    readonly server: string;
    readonly clusterName: string;
    readonly user: string;
  } | null;
}

export type DesiredKeyset = DesiredAuthority | DesiredServiceAccountKey;

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A Kubernetes object with references in it. */
export interface DesiredManifest {
  readonly constructPath: string;
  /** Below the cluster's folder, without extension: `manifests/Secret.kube-system.policy-webhook-tls`. */
  readonly path: string;
  readonly template: { readonly [key: string]: JsonValue };
}

/** The files of one node; each `content` may hold references. */
export interface DesiredBundle {
  readonly constructPath: string;
  readonly node: string;
  /** Set where the node runs a member of the cluster's stacked etcd. */
  readonly etcdMember: { readonly name: string; readonly peerUrl: string } | null;
  readonly files: readonly DesiredFile[];
}

export interface DesiredFile {
  /** From the node's root, without a leading slash: `etc/kubernetes/pki/ca.crt`. */
  readonly path: string;
  readonly content: string;
  /** Permission bits. */
  readonly mode: number;
  readonly secret: boolean;
  /**
   * For a static pod: paths of files of the same bundle that its containers read. Their projections give the hash that stands for
   * `PLACEHOLDERS.filesHash`, so that the kubelet restarts the pod when one of them changes.
   */
  readonly reads: readonly string[];
}
