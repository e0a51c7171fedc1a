import { ApiObject } from 'cdk8s';
import type { CertificateAuthority } from '../certificate-authority.ts';
import type { Cluster } from '../cluster.ts';
import { blockYaml } from './block-yaml.ts';

/** The id, and the name, of the object. */
export const CLUSTER_INFO = 'cluster-info';

/**
 * `kube-public/cluster-info`, by which `kubeadm join` finds the API server and whom to trust, as kubeadm writes it
 * (phases/bootstraptoken/clusterinfo/clusterinfo.go) but with the whole trust bundle. kube-controller-manager adds a signature for
 * each bootstrap token to the same object. Who may read it without a token is kubeadm's to say: there is no RBAC for it here.
 */
export function addClusterInfo(cluster: Cluster, ca: CertificateAuthority, server: string): void {
  const kubeconfig = {
    apiVersion: 'v1',
    clusters: [
      {
        cluster: { 'certificate-authority-data': ca.trustBundle.base64, server },
        name: '',
      },
    ],
    contexts: null,
    'current-context': '',
    kind: 'Config',
    preferences: {},
    users: null,
  };
  new ApiObject(cluster, CLUSTER_INFO, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: CLUSTER_INFO, namespace: 'kube-public' },
    data: { kubeconfig: blockYaml(kubeconfig) },
  });
}
