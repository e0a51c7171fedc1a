import { readFileSync } from 'node:fs';
import { ApiObject } from 'cdk8s';
import {
  App,
  Certificate,
  CertificateAuthority,
  Duration,
  Kubeconfig,
  KubeadmCluster,
  TlsSecret,
} from 'cdk8s-pki';

const recipients = JSON.parse(readFileSync('recipients.json', 'utf8')) as Record<string, string>;
const only = (name: string): string[] => [recipients[name] ?? ''];

const app = new App({
  recipients: only('custodian'),
  deliveryRecipients: only('flux'),
  defaults: { rotation: { soak: Duration.hours(1), maxTokenLife: Duration.days(1) } },
});

/** Whoever scrapes them is another machine, and others follow soon when they end. */
const controller = {
  extraArgs: {
    'bind-address': '0.0.0.0',
    'leader-elect-lease-duration': '5s',
    'leader-elect-renew-deadline': '4s',
    'leader-elect-retry-period': '1s',
  },
};

const cluster = new KubeadmCluster(app, 'live', {
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'api.live.example.com:6443',
  controlPlaneNodes: [1, 2, 3].map((number) => ({
    name: `cp-${number}`,
    advertiseAddress: `10.10.0.1${number}`,
    recipients: only(`cp-${number}`),
  })),
  workerNodes: [{ name: 'worker-1' }, { name: 'worker-2' }],
  clusterSigningDuration: Duration.days(1),
  controllerManager: controller,
  scheduler: controller,
});

new Kubeconfig(cluster, 'deployer', { user: 'deployer', groups: ['deployers'] });

/** An extension API server, which the API servers know by the cluster's own authority. */
const [namespace, service] = ['kube-system', 'widgets'];
const serving = new Certificate(cluster, 'widgets', {
  issuer: cluster.ca,
  profile: 'server',
  dnsNames: [`${service}.${namespace}.svc`],
});
new TlsSecret(cluster, 'widgets-tls', { certificate: serving, namespace });
const metadata = { name: service, namespace };
new ApiObject(cluster, 'widgets-service', {
  apiVersion: 'v1',
  kind: 'Service',
  metadata,
  spec: { clusterIP: '10.96.0.50', ports: [{ name: 'https', port: 443 }] },
});
new ApiObject(cluster, 'widgets-endpoints', {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { ...metadata, labels: { 'kubernetes.io/service-name': service } },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.10.0.30'], conditions: { ready: true } }],
  ports: [{ name: 'https', port: 443 }],
});
new ApiObject(cluster, 'widgets-api', {
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: 'v1.widgets.example.com' },
  spec: {
    group: 'widgets.example.com',
    version: 'v1',
    groupPriorityMinimum: 1000,
    versionPriority: 10,
    service: { name: service, namespace },
    caBundle: cluster.ca.trustBundle.base64,
  },
});

/** A webhook, which the API servers know by an authority of its own: it is asked of every object with its label. */
const mesh = new CertificateAuthority(cluster, 'mesh');
const gate = new Certificate(cluster, 'gate', {
  issuer: mesh,
  profile: 'server',
  ipAddresses: ['10.10.0.30'],
});
new TlsSecret(cluster, 'gate-tls', { certificate: gate, namespace });
new ApiObject(cluster, 'gate-webhook', {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'gate' },
  webhooks: [
    {
      name: 'gate.example.com',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Fail',
      clientConfig: { url: 'https://10.10.0.30:8443/', caBundle: mesh.trustBundle.base64 },
      objectSelector: { matchLabels: { gate: 'asked' } },
      rules: [
        {
          apiGroups: [''],
          apiVersions: ['v1'],
          operations: ['CREATE', 'UPDATE'],
          resources: ['configmaps'],
        },
      ],
    },
  ],
});

/** The load, as a pod: it may do all that it asks for. */
const account = { name: 'load', namespace: 'default' };
new ApiObject(cluster, 'load', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account });
new ApiObject(cluster, 'load-rights', {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'load' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [
    { kind: 'ServiceAccount', ...account },
    { kind: 'Group', name: 'deployers', apiGroup: 'rbac.authorization.k8s.io' },
  ],
});

export default app;
