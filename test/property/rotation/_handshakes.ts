/** What a process reads: a file of its node's bundle, a part of a kubeconfig, a value of a Secret or ConfigMap. */
export interface Input {
  /** Below the cluster's folder. */
  readonly file: string;
  /** Of a kubeconfig, or of an object's data. */
  readonly field?: string;
}

/** Who shows something, and who must accept it: each loads its file at a moment of its own. */
export interface Handshake {
  readonly name: string;
  readonly keyset: 'ca' | 'etcd-ca' | 'front-proxy-ca' | 'service-account-key';
  /** A certificate; of a token the private key that signs it; of what kube-controller-manager signs its certificate. */
  readonly shows: Input;
  readonly trusts: Input;
  /** What it shows was signed outside of the tree, and stays in use for long. */
  readonly isOutside?: boolean;
}

const PKI = 'etc/kubernetes/pki';
const CA = 'ca.crt';
const ETCD_CA = 'etcd/ca.crt';

const pki = (node: string, file: string): Input => ({ file: `nodes/${node}/${PKI}/${file}` });
const trustOf = (file: string): Input => ({ file, field: 'certificate-authority-data' });
const clientOf = (file: string): Input => ({ file, field: 'client-certificate-data' });

const KUBECONFIGS = ['admin.conf', 'controller-manager.conf', 'scheduler.conf', 'kubelet.conf'];

/** Kubeconfigs by who uses them: those of a node's processes, and of somebody outside. */
const kubeconfigs = (nodes: readonly string[]): (readonly [string, string])[] => [
  ...nodes.flatMap((node) =>
    KUBECONFIGS.map(
      (file) => [`${file} of ${node}`, `nodes/${node}/etc/kubernetes/${file}`] as const,
    ),
  ),
  ['a deployer', 'kubeconfigs/deployer.conf'],
];

/**
 * Every handshake and token check of a kubeadm cluster: kube-apiserver as server and as client of etcd, kubelets and extension API
 * servers; all that come with a kubeconfig; etcd's members among themselves; workers, whose certificates kube-controller-manager
 * signs; pods, who trust what it publishes as kube-root-ca.crt (reference: flags of the static pods).
 */
export function handshakes(nodes: readonly string[]): Handshake[] {
  const pairs = nodes.flatMap((from) => nodes.map((to) => [from, to] as const));
  return [
    ...kubeconfigs(nodes).flatMap(([who, file]) =>
      nodes.flatMap((node): Handshake[] => [
        {
          name: `${who} to kube-apiserver of ${node}`,
          keyset: 'ca',
          shows: clientOf(file),
          trusts: pki(node, CA),
        },
        {
          name: `kube-apiserver of ${node} to ${who}`,
          keyset: 'ca',
          shows: pki(node, 'apiserver.crt'),
          trusts: trustOf(file),
        },
      ]),
    ),
    ...pairs.flatMap(([from, to]): Handshake[] => [
      {
        name: `kube-apiserver of ${from} to the kubelet of ${to}`,
        keyset: 'ca',
        shows: pki(from, 'apiserver-kubelet-client.crt'),
        trusts: pki(to, CA),
      },
      {
        name: `a kubelet that kube-controller-manager of ${from} signed for to kube-apiserver of ${to}`,
        keyset: 'ca',
        shows: pki(from, 'cluster-signing-ca.crt'),
        trusts: pki(to, CA),
        isOutside: true,
      },
      {
        name: `kube-apiserver of ${from} to pods that kube-controller-manager of ${to} gives kube-root-ca.crt`,
        keyset: 'ca',
        shows: pki(from, 'apiserver.crt'),
        trusts: pki(to, CA),
      },
      {
        name: `kube-apiserver of ${from} to etcd of ${to}`,
        keyset: 'etcd-ca',
        shows: pki(from, 'apiserver-etcd-client.crt'),
        trusts: pki(to, ETCD_CA),
      },
      {
        name: `etcd of ${to} to kube-apiserver of ${from}`,
        keyset: 'etcd-ca',
        shows: pki(to, 'etcd/server.crt'),
        trusts: pki(from, ETCD_CA),
      },
      {
        name: `peer ${from} to peer ${to}`,
        keyset: 'etcd-ca',
        shows: pki(from, 'etcd/peer.crt'),
        trusts: pki(to, ETCD_CA),
      },
      {
        name: `the health check of ${from} to etcd of ${to}`,
        keyset: 'etcd-ca',
        shows: pki(from, 'etcd/healthcheck-client.crt'),
        trusts: pki(to, ETCD_CA),
      },
      {
        name: `the front proxy of ${from} to an extension API server that ${to} configures`,
        keyset: 'front-proxy-ca',
        shows: pki(from, 'front-proxy-client.crt'),
        trusts: pki(to, 'front-proxy-ca.crt'),
      },
      {
        name: `a token of ${from} to kube-apiserver of ${to}`,
        keyset: 'service-account-key',
        shows: pki(from, 'sa.key'),
        trusts: pki(to, 'sa.pub'),
        isOutside: true,
      },
    ]),
    ...nodes.map((node): Handshake => ({
      name: `kube-apiserver of ${node} to workers`,
      keyset: 'ca',
      shows: pki(node, 'apiserver.crt'),
      trusts: pki('_worker', CA),
    })),
  ];
}
