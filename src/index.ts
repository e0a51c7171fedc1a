export { Duration } from 'cdk8s';
export { App, type AppProps, type RemovedRecipient } from './declare/app.ts';
export {
  CertificateAuthority,
  type CertificateAuthorityProps,
} from './declare/certificate-authority.ts';
export {
  Certificate,
  type CertificateProfile,
  type CertificateProps,
} from './declare/certificate.ts';
export { Cluster, type ClusterProps } from './declare/cluster.ts';
export { KubeadmCluster } from './declare/kubeadm-cluster.ts';
export type {
  Component,
  ControlPlaneNode,
  ExternalEtcd,
  ExtraVolume,
  KubeadmClusterProps,
  WorkerNode,
} from './declare/kubeadm/props.ts';
export { Kubeconfig, type KubeconfigProps } from './declare/kubeconfig.ts';
export { NodeBundle, type NodeBundleProps } from './declare/node-bundle.ts';
export { ServiceAccountKey, type ServiceAccountKeyProps } from './declare/service-account-key.ts';
export { TlsSecret, type TlsSecretProps } from './declare/tls-secret.ts';
export type {
  BundleFile,
  Defaults,
  KeyAlgorithm,
  Reference,
  RenewalProps,
  RenewalWindow,
  Rotation,
  Subject,
} from './declare/tree/props.ts';
