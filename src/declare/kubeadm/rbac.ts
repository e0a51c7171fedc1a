import { ApiObject, JsonPatch } from 'cdk8s';
import { RBAC, type RbacRow } from '../../catalog/rbac.ts';
import type { Cluster } from '../cluster.ts';

const API_GROUP = 'rbac.authorization.k8s.io';

/** The cluster's objects of kubeadm's RBAC table. */
export function addRbac(cluster: Cluster): void {
  for (const row of RBAC) {
    const object = new ApiObject(cluster, row.id, {
      apiVersion: `${API_GROUP}/v1`,
      kind: row.kind,
      metadata: { name: row.name },
      ...bodyOf(row),
    });
    // A chart's namespace goes to every object; these kinds have none.
    if (cluster.namespace !== undefined)
      object.addJsonPatch(JsonPatch.remove('/metadata/namespace'));
  }
}

function bodyOf({ kind, rules, role, group }: RbacRow): object {
  if (kind === 'ClusterRole') return { rules };
  return {
    roleRef: { apiGroup: API_GROUP, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: API_GROUP, kind: 'Group', name: group }],
  };
}
