import { readFileSync } from 'node:fs';
import { ApiObject } from 'cdk8s';
import { App, Certificate, Duration, Kubeconfig, KubeadmCluster, TlsSecret } from 'cdk8s-pki';

// A sample fleet to copy from. `npm run demo` makes the identities that belong to these recipients.
const recipients = readRecipients('recipients.json');

const app = new App({
  recipients: [recipients('custodian')], // they open the store, and everything else
  deliveryRecipients: [recipients('flux')], // opens manifests only
});

/** Three control-plane nodes with etcd beside the API servers, IPv4 and IPv6. */
const prod = new KubeadmCluster(app, 'prod-eu-1', {
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'api.prod-eu-1.example.com:6443',
  controlPlaneNodes: [
    {
      name: 'cp-1',
      advertiseAddress: '10.10.0.11',
      addresses: ['fd00:10:10::11'],
      recipients: [recipients('cp-1')], // opens the bundle of this node only
    },
    {
      name: 'cp-2',
      advertiseAddress: '10.10.0.12',
      addresses: ['fd00:10:10::12'],
      recipients: [recipients('cp-2')],
    },
    {
      name: 'cp-3',
      advertiseAddress: '10.10.0.13',
      addresses: ['fd00:10:10::13'],
      recipients: [recipients('cp-3')],
    },
  ],
  workerNodes: [{ name: 'worker-1' }, { name: 'worker-2' }],
  serviceSubnets: ['10.96.0.0/12', 'fd00:10:96::/112'],
  apiServer: { extraArgs: { profiling: 'false' } }, // as in kubeadm's ClusterConfiguration
  clusterSigningDuration: Duration.days(90), // of the certificates that kubelets ask for, and renew
  apiServerCertSans: ['api.internal.example.com'],
  deliveryRecipients: [recipients('flux-prod-eu-1')], // instead of the App's
});

/** A server certificate of the user's own: in a Secret for its pod, and trusted by the API server. */
const webhook = new Certificate(prod, 'policy-webhook', {
  issuer: prod.ca,
  profile: 'server',
  dnsNames: ['policy-webhook.kube-system.svc', 'policy-webhook.kube-system.svc.cluster.local'],
  validity: Duration.days(90),
  renewBefore: Duration.days(30),
});
new TlsSecret(prod, 'policy-webhook-tls', { certificate: webhook, namespace: 'kube-system' });
new ApiObject(prod, 'policy-webhook-configuration', {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'policy-webhook' },
  webhooks: [
    {
      name: 'policy.example.com',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Ignore',
      clientConfig: {
        service: { name: 'policy-webhook', namespace: 'kube-system', path: '/validate' },
        caBundle: prod.ca.trustBundle.base64,
      },
      rules: [
        {
          apiGroups: ['apps'],
          apiVersions: ['v1'],
          operations: ['CREATE'],
          resources: ['deployments'],
        },
      ],
    },
  ],
});

/** A kubeconfig for a person; RBAC says what the group may do. */
new Kubeconfig(prod, 'deployer', { user: 'deployer', groups: ['deployers'] });

/** One small node, with the key algorithm that kubeadm itself would use. */
new KubeadmCluster(app, 'edge-1', {
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'edge-1.example.com',
  controlPlaneNodes: [
    { name: 'node-1', advertiseAddress: '192.0.2.10', recipients: [recipients('node-1')] },
  ],
  keyAlgorithm: 'RSA-2048',
});

export default app;

/** Public recipients by name; private identities stay with their owners. */
function readRecipients(file: string): (name: string) => string {
  let known: Record<string, string>;
  try {
    known = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  } catch (cause) {
    throw new Error(`${file} cannot be read: run "npm run demo", which makes it`, { cause });
  }
  return (name) => {
    const recipient = known[name];
    if (recipient === undefined) throw new Error(`${file} has no recipient "${name}"`);
    return recipient;
  };
}
