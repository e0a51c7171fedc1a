import test from 'ava';
import { load } from 'js-yaml';
import { CertificateAuthority, Duration, ServiceAccountKey } from '../../../src/index.ts';
import { findReferences } from '../../../src/model/reference.ts';
import { describe, newApp, newKubeadm } from '../../_helpers/declare.ts';

const NODES = [
  { name: 'cp-1', advertiseAddress: '10.0.0.11', addresses: ['fd00::11'] },
  { name: 'cp-2', advertiseAddress: '10.0.0.12' },
];

test('KubeadmCluster: every node has kubeadm’s seven leaves and four kubeconfigs', (t) => {
  const app = newApp();
  newKubeadm(app, { controlPlaneNodes: NODES });
  const { leaves, authorities, serviceAccountKeys } = describe(app);
  const names = [
    'admin.conf',
    'apiserver',
    'apiserver-etcd-client',
    'apiserver-kubelet-client',
    'controller-manager.conf',
    'etcd-healthcheck-client',
    'etcd-peer',
    'etcd-server',
    'front-proxy-client',
    'kubelet.conf',
    'scheduler.conf',
  ];
  t.deepEqual(
    leaves.map(({ path }) => path as string).sort(),
    NODES.flatMap((node) => names.map((name) => `prod/${node.name}/${name}`)),
  );
  t.deepEqual(
    [...authorities, ...serviceAccountKeys].map(({ path }) => path as string),
    ['prod/ca', 'prod/etcd-ca', 'prod/front-proxy-ca', 'prod/service-account-key'],
  );
});

test('KubeadmCluster: alternative names, dual-stack, canonical', (t) => {
  const app = newApp();
  newKubeadm(app, {
    controlPlaneNodes: NODES,
    controlPlaneEndpoint: '[FD00::10]:8443',
    serviceSubnets: ['fd00:10:96::/112', '10.96.0.0/12'],
    dnsDomain: 'k8s.example',
    apiServerCertSans: ['API.internal', '::ffff:192.0.2.1', '*.api.example.com'],
    etcdPeerCertSans: ['peer.internal'],
  });
  const leaf = (name: string) =>
    describe(app).leaves.find(({ path }) => (path as string) === `prod/cp-1/${name}`);
  t.deepEqual(leaf('apiserver')?.dnsNames, [
    '*.api.example.com',
    'api.internal',
    'cp-1',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.k8s.example',
  ]);
  t.deepEqual(leaf('apiserver')?.ipAddresses, [
    'fd00:10:96::1',
    '10.0.0.11',
    'fd00::11',
    'fd00::10',
    '192.0.2.1',
  ]);
  t.deepEqual(leaf('etcd-server')?.dnsNames, ['cp-1', 'localhost']);
  t.deepEqual(leaf('etcd-server')?.ipAddresses, ['10.0.0.11', '127.0.0.1', '::1', 'fd00::11']);
  t.deepEqual(leaf('etcd-peer')?.dnsNames, ['cp-1', 'localhost', 'peer.internal']);
  t.deepEqual(leaf('apiserver-kubelet-client')?.dnsNames, []);
});

test('KubeadmCluster: kubeconfigs name the user, the groups and the right server', (t) => {
  const app = newApp();
  newKubeadm(app, { controlPlaneEndpoint: 'api.example.com:8443' });
  const rows = describe(app).leaves.flatMap(({ name, kubeconfig, subject, issuer }) =>
    kubeconfig === null ? [] : [[name, kubeconfig, subject, issuer as string]],
  );
  const config = (user: string, server: string) => ({ server, clusterName: 'prod', user });
  const [endpoint, local] = ['https://api.example.com:8443', 'https://10.0.0.11:6443'];
  t.deepEqual(rows, [
    [
      'admin.conf',
      config('kubernetes-admin', endpoint),
      { commonName: 'kubernetes-admin', organizations: ['kubeadm:cluster-admins'] },
      'prod/ca',
    ],
    [
      'controller-manager.conf',
      config('system:kube-controller-manager', local),
      { commonName: 'system:kube-controller-manager' },
      'prod/ca',
    ],
    [
      'scheduler.conf',
      config('system:kube-scheduler', local),
      { commonName: 'system:kube-scheduler' },
      'prod/ca',
    ],
    [
      'kubelet.conf',
      config('system:node:cp-1', local),
      { commonName: 'system:node:cp-1', organizations: ['system:nodes'] },
      'prod/ca',
    ],
  ]);
});

test('KubeadmCluster: up to 1.32 the kubelet talks to the control-plane endpoint, then to its own node', (t) => {
  const serverOf = (kubernetesVersion: string): string | undefined => {
    const app = newApp();
    newKubeadm(app, { kubernetesVersion });
    const leaf = describe(app).leaves.find(({ path }) => path.endsWith('/kubelet.conf'));
    return leaf?.kubeconfig?.server;
  };
  t.is(serverOf('1.32.9'), 'https://api.prod.example.com:6443');
  t.is(serverOf('1.33.0'), 'https://10.0.0.11:6443');
  t.is(serverOf('1.34'), 'https://10.0.0.11:6443');
});

test('KubeadmCluster: binds kubeadm:cluster-admins by its exact name, without a namespace', (t) => {
  const app = newApp();
  newKubeadm(app, { namespace: 'kube-system' });
  const [manifest] = describe(app).manifests;
  t.is(manifest?.path, 'manifests/ClusterRoleBinding.kubeadm-cluster-admins');
  t.deepEqual(manifest?.template, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'kubeadm:cluster-admins' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [
      { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'kubeadm:cluster-admins' },
    ],
  });
});

test('KubeadmCluster: cluster-info names the API server, and the whole trust bundle of the cluster CA', (t) => {
  const app = newApp();
  newKubeadm(app, { namespace: 'kube-system' });
  const manifest = describe(app).manifests.find(({ path }) => path.includes('cluster-info'));
  t.is(manifest?.path, 'manifests/ConfigMap.kube-public.cluster-info');
  const { data } = (manifest?.template ?? {}) as { data?: Record<string, string> };
  t.deepEqual(load(data?.['kubeconfig'] ?? ''), {
    apiVersion: 'v1',
    clusters: [
      {
        cluster: {
          'certificate-authority-data': '__cdk8s-pki:prod/ca#trustBundle.base64__',
          server: 'https://api.prod.example.com:6443',
        },
        name: '',
      },
    ],
    contexts: null,
    'current-context': '',
    kind: 'Config',
    preferences: {},
    users: null,
  });
});

test('KubeadmCluster: bundles hold ca.key and no other CA key, unless asked for', (t) => {
  const keysOf = (kubeadmCaKeys: boolean): string[] => {
    const app = newApp();
    newKubeadm(app, { kubeadmCaKeys });
    const [bundle] = describe(app).bundles;
    return (bundle?.files ?? []).map(({ path }) => path).filter((path) => path.endsWith('ca.key'));
  };
  t.deepEqual(keysOf(false), ['etc/kubernetes/pki/ca.key']);
  t.deepEqual(keysOf(true), [
    'etc/kubernetes/pki/ca.key',
    'etc/kubernetes/pki/etcd/ca.key',
    'etc/kubernetes/pki/front-proxy-ca.key',
  ]);
});

test('KubeadmCluster: bundle, signing certificate and public keys are different parts', (t) => {
  const app = newApp();
  newKubeadm(app);
  const files = describe(app).bundles[0]?.files ?? [];
  const holds = (path: string) =>
    findReferences(files.find((file) => file.path === `etc/kubernetes/${path}`)?.content ?? '');
  t.like(holds('pki/ca.crt'), [{ credential: 'prod/ca', part: 'trustBundle', form: 'pem' }]);
  t.like(holds('pki/cluster-signing-ca.crt'), [{ credential: 'prod/ca', part: 'certificate' }]);
  t.like(holds('pki/sa.pub'), [{ credential: 'prod/service-account-key', part: 'publicKeys' }]);
  t.like(holds('pki/apiserver.key'), [{ credential: 'prod/cp-1/apiserver', part: 'privateKey' }]);
  t.like(holds('admin.conf'), [{ credential: 'prod/cp-1/admin.conf', part: 'content' }]);
});

test('KubeadmCluster: an external etcd has its own authority and no leaves here but the client', (t) => {
  const app = newApp();
  const authority = new CertificateAuthority(app, 'etcd');
  newKubeadm(app, {
    etcd: { endpoints: ['https://etcd-1.example.com:2379'], authority },
    kubeadmCaKeys: true,
  });
  const { leaves, authorities, bundles } = describe(app);
  t.deepEqual(
    authorities.map(({ name }) => name),
    ['ca', 'front-proxy-ca'],
  );
  t.deepEqual(
    leaves
      .filter(({ name }) => name.includes('etcd'))
      .map(({ name, issuer }) => [name, issuer as string]),
    [['apiserver-etcd-client', '_shared/etcd']],
  );
  const etcd = bundles[0]?.files
    .filter(({ path }) => path.includes('etcd'))
    .map(({ path }) => path);
  t.deepEqual(etcd, [
    'etc/kubernetes/pki/etcd/ca.crt',
    'etc/kubernetes/pki/apiserver-etcd-client.crt',
    'etc/kubernetes/pki/apiserver-etcd-client.key',
  ]);
});

test('KubeadmCluster: shared keysets are used instead of its own', (t) => {
  const app = newApp();
  const ca = new CertificateAuthority(app, 'root');
  const key = new ServiceAccountKey(app, 'sa');
  const prod = newKubeadm(app, { ca, serviceAccountKey: key });
  t.is(prod.ca, ca);
  const { authorities, serviceAccountKeys, leaves } = describe(app);
  t.deepEqual(
    authorities.map(({ name }) => name),
    ['etcd-ca', 'front-proxy-ca'],
  );
  t.deepEqual(serviceAccountKeys, []);
  t.is(leaves.find(({ name }) => name === 'admin.conf')?.issuer as string, '_shared/root');
  t.deepEqual(
    describe(app, '_shared').authorities.map(({ path }) => path as string),
    ['_shared/root'],
  );
});

test('KubeadmCluster: settings come from the nearest scope', (t) => {
  const app = newApp({
    defaults: {
      keyAlgorithm: 'RSA-3072',
      jitter: Duration.days(3),
      rotation: { soak: Duration.hours(48) },
    },
  });
  newKubeadm(app, { keyAlgorithm: 'RSA-2048', rotation: { automatic: true } });
  const { leaves, authorities } = describe(app);
  t.like(leaves[0], { keyAlgorithm: 'RSA-2048', jitter: 3 * 86_400, validity: 365 * 86_400 });
  t.deepEqual(authorities[0]?.rotation, {
    soak: 48 * 3600,
    automatic: true,
    outsideLife: 365 * 24 * 3600,
  });
  t.is(authorities[0]?.renewBefore, (365 + 6 + 30) * 86_400);
});

test('KubeadmCluster: what its authority signs outside of the tree lives no shorter than a kubeconfig that is printed', (t) => {
  const lifeOf = (clusterSigningDuration: Duration): number | null | undefined => {
    const app = newApp();
    newKubeadm(app, { kubernetesVersion: '1.34.4', clusterSigningDuration });
    return describe(app).authorities.find(({ name }) => name === 'ca')?.rotation.outsideLife;
  };
  t.is(lifeOf(Duration.hours(2)), 24 * 3600);
  t.is(lifeOf(Duration.hours(36)), 36 * 3600);
});

test('certificate: by kubeadm’s name and node', (t) => {
  const app = newApp();
  const prod = newKubeadm(app, { controlPlaneNodes: NODES });
  t.is(prod.certificate('apiserver', 'cp-2').node.path, 'prod/nodes/cp-2/apiserver');
  t.throws(() => prod.certificate('apiserver'), {
    instanceOf: TypeError,
    message: /nodes cp-1, cp-2/,
  });
  t.throws(() => prod.certificate('apiserver', 'cp-9'), { instanceOf: TypeError });
  t.throws(() => prod.certificate('admin.conf', 'cp-1'), {
    instanceOf: TypeError,
    message: /one of the certificates apiserver,/,
  });
  t.is(newKubeadm(newApp()).certificate('etcd-peer').node.id, 'etcd-peer');
});
