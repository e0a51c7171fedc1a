/** What depends on kubeadm's certificates, by their names: for people who decide when to merge. */
export interface Consequence {
  /** What stops when it expires. */
  readonly stops: string;
  /** Copies that no merge reaches. */
  readonly copies?: string;
}

export const CONSEQUENCES: Readonly<Record<string, Consequence>> = {
  apiserver: {
    stops: 'nothing can talk to the API server any more: kubectl, kubelets, controllers, pods',
  },
  'apiserver-kubelet-client': {
    stops: 'the API server cannot reach kubelets: kubectl logs, exec and port-forward fail',
  },
  'front-proxy-client': {
    stops: 'aggregated APIs such as metrics.k8s.io fail',
  },
  'etcd-server': { stops: 'the API server cannot reach etcd: the control plane stops' },
  'etcd-peer': { stops: 'members of etcd cannot reach each other: etcd loses its quorum' },
  'etcd-healthcheck-client': {
    stops: 'scripts that check or back up etcd with this certificate fail',
    copies:
      'etcdctl on machines outside of the nodes: backup jobs and monitoring that were given it',
  },
  'apiserver-etcd-client': { stops: 'the API server cannot reach etcd: the control plane stops' },
  'admin.conf': {
    stops: 'whoever uses admin.conf is locked out',
    copies:
      "copies of admin.conf: ~/.kube/config of people and on nodes (kubeadm's advice after init), CI secrets, cluster Secrets of Argo CD and Flux",
  },
  'super-admin.conf': {
    stops: 'break-glass access with super-admin.conf fails',
    copies: 'copies of super-admin.conf that were put away for emergencies',
  },
  'controller-manager.conf': {
    stops: 'controllers stop: no pod is replaced, no node is marked as lost, no token is issued',
  },
  'scheduler.conf': { stops: 'no new pod is scheduled' },
  'kubelet.conf': {
    stops: 'the kubelet of that node loses the API server: the node becomes NotReady',
    copies:
      '/var/lib/kubelet/pki/kubelet-client-current.pem on nodes: a kubelet that rotates by itself uses that instead',
  },
};

/** Copies of what keysets hold, which a change of their entries does not reach. */
export const KEYSET_COPIES: Readonly<Record<string, string>> = {
  ca: "the CA in everybody's kubeconfig, kubelet.conf of workers, ConfigMap kube-public/cluster-info, discovery hashes of join commands, cluster Secrets of Argo CD and Flux, pods that run (kube-root-ca.crt)",
  'etcd-ca': 'the CA of etcd on machines outside of the nodes: backup jobs and monitoring',
  'front-proxy-ca':
    'ConfigMap kube-system/extension-apiserver-authentication, which extension API servers read',
  'service-account-key':
    "caches of the cluster's JWKS outside of it: cloud identity federation, Vault, other token reviewers",
};

export const OTHER_KEYSET_COPIES =
  'every file and Secret outside of git that trusts this authority';
