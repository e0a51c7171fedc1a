export interface KubeconfigRow {
  /** kubeadm's name, and the file below `/etc/kubernetes`. */
  readonly name: string;
  readonly user: string | { readonly prefix: string; readonly from: 'nodeName' };
  readonly groups: readonly string[];
  /** The cluster's endpoint, or the API server on the same node; with `localSince` the latter from that minor version on. */
  readonly server: 'controlPlane' | 'local' | { readonly localSince: number };
}

/**
 * kubeadm's kubeconfigs of one control-plane node (phases/kubeconfig/kubeconfig.go). controller-manager and scheduler talk to
 * the API server beside them, so that versions never skew during an upgrade. super-admin.conf is left out: it bypasses RBAC.
 */
export const KUBECONFIGS: readonly KubeconfigRow[] = [
  {
    name: 'admin.conf',
    user: 'kubernetes-admin',
    groups: ['kubeadm:cluster-admins'],
    server: 'controlPlane',
  },
  {
    name: 'controller-manager.conf',
    user: 'system:kube-controller-manager',
    groups: [],
    server: 'local',
  },
  { name: 'scheduler.conf', user: 'system:kube-scheduler', groups: [], server: 'local' },
  {
    name: 'kubelet.conf',
    user: { prefix: 'system:node:', from: 'nodeName' },
    groups: ['system:nodes'],
    server: { localSince: 33 }, // feature gate ControlPlaneKubeletLocalMode, on by default since 1.33
  },
];

/** Group whose members pass every authorization check; only break-glass kubeconfigs may carry it. */
export const UNRESTRICTED_GROUP = 'system:masters';
