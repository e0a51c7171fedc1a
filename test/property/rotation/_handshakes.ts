/** What a process reads of a file of its node's bundle, or a client of its kubeconfig. */
export interface Input {
  readonly node: string;
  readonly file: string;
  /** Of a kubeconfig. */
  readonly field?: 'certificate-authority-data' | 'client-certificate-data';
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
const CA = `${PKI}/ca.crt`;
const ETCD_CA = `${PKI}/etcd/ca.crt`;

const pki = (node: string, file: string): Input => ({ node, file: `${PKI}/${file}` });
const trustOf = (node: string, file: string): Input => ({
  node,
  file: `etc/kubernetes/${file}`,
  field: 'certificate-authority-data',
});
const clientOf = (node: string, file: string): Input => ({
  node,
  file: `etc/kubernetes/${file}`,
  field: 'client-certificate-data',
});

const KUBECONFIGS = ['admin.conf', 'controller-manager.conf', 'scheduler.conf', 'kubelet.conf'];

/**
 * Every handshake and token check of a kubeadm cluster: kube-apiserver as server and as client of etcd, kubelets and extension API
 * servers; all that come with a kubeconfig; etcd's members among themselves; workers, whose certificates kube-controller-manager
 * signs; pods, who trust what it publishes as kube-root-ca.crt (reference: flags of the static pods).
 */
export function handshakes(nodes: readonly string[]): Handshake[] {
  const pairs = nodes.flatMap((from) => nodes.map((to) => [from, to] as const));
  return [
    ...pairs.flatMap(([from, to]): Handshake[] => [
      ...KUBECONFIGS.flatMap((file): Handshake[] => [
        {
          name: `${file} of ${from} to kube-apiserver of ${to}`,
          keyset: 'ca',
          shows: clientOf(from, file),
          trusts: { node: to, file: CA },
        },
        {
          name: `kube-apiserver of ${to} to ${file} of ${from}`,
          keyset: 'ca',
          shows: pki(to, 'apiserver.crt'),
          trusts: trustOf(from, file),
        },
      ]),
      {
        name: `kube-apiserver of ${from} to the kubelet of ${to}`,
        keyset: 'ca',
        shows: pki(from, 'apiserver-kubelet-client.crt'),
        trusts: { node: to, file: CA },
      },
      {
        name: `a kubelet that kube-controller-manager of ${from} signed for to kube-apiserver of ${to}`,
        keyset: 'ca',
        shows: pki(from, 'cluster-signing-ca.crt'),
        trusts: { node: to, file: CA },
        isOutside: true,
      },
      {
        name: `kube-apiserver of ${from} to pods that kube-controller-manager of ${to} gives kube-root-ca.crt`,
        keyset: 'ca',
        shows: pki(from, 'apiserver.crt'),
        trusts: { node: to, file: CA },
      },
      {
        name: `kube-apiserver of ${from} to etcd of ${to}`,
        keyset: 'etcd-ca',
        shows: pki(from, 'apiserver-etcd-client.crt'),
        trusts: { node: to, file: ETCD_CA },
      },
      {
        name: `etcd of ${to} to kube-apiserver of ${from}`,
        keyset: 'etcd-ca',
        shows: pki(to, 'etcd/server.crt'),
        trusts: { node: from, file: ETCD_CA },
      },
      {
        name: `peer ${from} to peer ${to}`,
        keyset: 'etcd-ca',
        shows: pki(from, 'etcd/peer.crt'),
        trusts: { node: to, file: ETCD_CA },
      },
      {
        name: `the health check of ${from} to etcd of ${to}`,
        keyset: 'etcd-ca',
        shows: pki(from, 'etcd/healthcheck-client.crt'),
        trusts: { node: to, file: ETCD_CA },
      },
      {
        name: `the front proxy of ${from} to an extension API server that ${to} configures`,
        keyset: 'front-proxy-ca',
        shows: pki(from, 'front-proxy-client.crt'),
        trusts: { node: to, file: `${PKI}/front-proxy-ca.crt` },
      },
      {
        name: `a token of ${from} to kube-apiserver of ${to}`,
        keyset: 'service-account-key',
        shows: pki(from, 'sa.key'),
        trusts: { node: to, file: `${PKI}/sa.pub` },
        isOutside: true,
      },
    ]),
    ...nodes.map((node): Handshake => ({
      name: `kube-apiserver of ${node} to workers`,
      keyset: 'ca',
      shows: pki(node, 'apiserver.crt'),
      trusts: { node: '_worker', file: CA },
    })),
  ];
}
