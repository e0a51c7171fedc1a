export interface RbacRow {
  /** The id of the construct. */
  readonly id: string;
  readonly kind: 'ClusterRole' | 'ClusterRoleBinding';
  readonly name: string;
  /** Of a binding. */
  readonly role?: string;
  readonly group?: string;
  /** Of a role. */
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** The group of kubeadm's bootstrap tokens for nodes. */
const BOOTSTRAP_TOKENS = 'system:bootstrappers:kubeadm:default-node-token';

/**
 * kubeadm's RBAC objects by their exact names: rights of admin.conf and apiserver-kubelet-client (since 1.29), and those that nodes
 * need for their certificates (phases/bootstraptoken/node/tlsbootstrap.go). kubelet-serving requests are approved by no one.
 */
export const RBAC: readonly RbacRow[] = [
  {
    id: 'kubeadm-cluster-admins',
    kind: 'ClusterRoleBinding',
    name: 'kubeadm:cluster-admins',
    role: 'cluster-admin',
    group: 'kubeadm:cluster-admins',
  },
  {
    id: 'kubeadm-kubelet-bootstrap',
    kind: 'ClusterRoleBinding',
    name: 'kubeadm:kubelet-bootstrap',
    role: 'system:node-bootstrapper',
    group: BOOTSTRAP_TOKENS,
  },
  {
    id: 'kubeadm-node-autoapprove-bootstrap',
    kind: 'ClusterRoleBinding',
    name: 'kubeadm:node-autoapprove-bootstrap',
    role: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    group: BOOTSTRAP_TOKENS,
  },
  {
    id: 'kubeadm-node-autoapprove-certificate-rotation',
    kind: 'ClusterRoleBinding',
    name: 'kubeadm:node-autoapprove-certificate-rotation',
    role: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    group: 'system:nodes',
  },
  {
    id: 'kubeadm-get-nodes-role',
    kind: 'ClusterRole',
    name: 'kubeadm:get-nodes',
    rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }],
  },
  {
    id: 'kubeadm-get-nodes',
    kind: 'ClusterRoleBinding',
    name: 'kubeadm:get-nodes',
    role: 'kubeadm:get-nodes',
    group: BOOTSTRAP_TOKENS,
  },
];
