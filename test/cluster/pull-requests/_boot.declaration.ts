import { readFileSync } from 'node:fs';
import { ApiObject } from 'cdk8s';
import {
  App,
  Certificate,
  CertificateAuthority,
  Cluster,
  Duration,
  Kubeconfig,
  KubeadmCluster,
  TlsSecret,
} from 'cdk8s-pki';

const recipients = JSON.parse(readFileSync('recipients.json', 'utf8')) as Record<string, string>;
const only = (name: string): string[] => [recipients[name] ?? ''];

const app = new App({ recipients: only('custodian'), deliveryRecipients: only('flux') });

const edge = new KubeadmCluster(app, 'edge-1', {
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'edge-1.example.com',
  controlPlaneNodes: [
    { name: 'node-1', advertiseAddress: '192.0.2.10', recipients: only('node-1') },
  ],
  apiServerCertSans: [],
});
new Kubeconfig(edge, 'deployer', { user: 'deployer', groups: ['deployers'] });
new Kubeconfig(edge, 'auditor', {
  user: 'auditor',
  groups: ['deployers'],
  validity: Duration.days(3 * 365),
});
new ApiObject(edge, 'deployers', {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'deployers' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
  subjects: [{ kind: 'Group', name: 'deployers', apiGroup: 'rbac.authorization.k8s.io' }],
});

/** Due as well, in a pull request of its own. */
const other = new Cluster(app, 'other');
const issuer = new CertificateAuthority(other, 'ca');
const web = new Certificate(other, 'web', { issuer, profile: 'server', dnsNames: ['web.test'] });
new TlsSecret(other, 'web-tls', { certificate: web, namespace: 'default' });

export default app;
