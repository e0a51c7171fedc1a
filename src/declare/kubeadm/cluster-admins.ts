import { ApiObject, JsonPatch } from 'cdk8s';
import type { Cluster } from '../cluster.ts';

const GROUP = 'kubeadm:cluster-admins';

/** The binding that gives admin.conf and apiserver-kubelet-client their rights, by kubeadm's exact name (since 1.29). */
export function bindClusterAdmins(cluster: Cluster): void {
  const binding = new ApiObject(cluster, 'kubeadm-cluster-admins', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: GROUP },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: GROUP }],
  });
  // A chart's namespace goes to every object; this kind has none.
  if (cluster.namespace !== undefined)
    binding.addJsonPatch(JsonPatch.remove('/metadata/namespace'));
}
