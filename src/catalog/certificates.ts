import type { Profile } from '../model/names.ts';
import type { AuthorityName } from './authorities.ts';
import type { SanRule } from './sans.ts';

export interface CertificateRow {
  /** kubeadm's name, as in `kubeadm certs check-expiration`. */
  readonly name: string;
  /** Below certificatesDir, without extension. */
  readonly baseFile: string;
  readonly issuer: AuthorityName;
  readonly profile: Exclude<Profile, 'ca'>;
  /** A fixed name, or the node's. */
  readonly commonName: string | { readonly from: 'nodeName' };
  readonly organizations: readonly string[];
  readonly sans: SanRule | null;
  /** Made only where the cluster runs etcd on its own nodes. */
  readonly stackedEtcdOnly: boolean;
}

/** kubeadm's leaf certificates of one control-plane node (certlist.go; groups since 1.29). */
export const CERTIFICATES: readonly CertificateRow[] = [
  {
    name: 'apiserver',
    baseFile: 'apiserver',
    issuer: 'ca',
    profile: 'server',
    commonName: 'kube-apiserver',
    organizations: [],
    sans: 'apiserver',
    stackedEtcdOnly: false,
  },
  {
    name: 'apiserver-kubelet-client',
    baseFile: 'apiserver-kubelet-client',
    issuer: 'ca',
    profile: 'client',
    commonName: 'kube-apiserver-kubelet-client',
    organizations: ['kubeadm:cluster-admins'],
    sans: null,
    stackedEtcdOnly: false,
  },
  {
    name: 'front-proxy-client',
    baseFile: 'front-proxy-client',
    issuer: 'front-proxy-ca',
    profile: 'client',
    commonName: 'front-proxy-client',
    organizations: [],
    sans: null,
    stackedEtcdOnly: false,
  },
  {
    name: 'etcd-server',
    baseFile: 'etcd/server',
    issuer: 'etcd-ca',
    profile: 'peer',
    commonName: { from: 'nodeName' },
    organizations: [],
    sans: 'etcdServer',
    stackedEtcdOnly: true,
  },
  {
    name: 'etcd-peer',
    baseFile: 'etcd/peer',
    issuer: 'etcd-ca',
    profile: 'peer',
    commonName: { from: 'nodeName' },
    organizations: [],
    sans: 'etcdPeer',
    stackedEtcdOnly: true,
  },
  {
    name: 'etcd-healthcheck-client',
    baseFile: 'etcd/healthcheck-client',
    issuer: 'etcd-ca',
    profile: 'client',
    commonName: 'kube-etcd-healthcheck-client',
    organizations: [],
    sans: null,
    stackedEtcdOnly: true,
  },
  {
    name: 'apiserver-etcd-client',
    baseFile: 'apiserver-etcd-client',
    issuer: 'etcd-ca',
    profile: 'client',
    commonName: 'kube-apiserver-etcd-client',
    organizations: [],
    sans: null,
    stackedEtcdOnly: false,
  },
];
