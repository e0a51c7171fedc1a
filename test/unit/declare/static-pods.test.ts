import test from 'ava';
import { load, loadAll } from 'js-yaml';
import { CertificateAuthority, Duration } from '../../../src/index.ts';
import { invalid, describe, newApp, newKubeadm } from '../../_helpers/declare.ts';
import { flag, flagsOf, nodeFiles, podOf } from '../../_helpers/static-pods.ts';

const manifests = (files: ReadonlyMap<string, unknown>): string[] =>
  [...files.keys()].filter((path) => path.includes('/manifests/'));

test('static pods: four manifests and a kubelet configuration; none without a version', (t) => {
  t.deepEqual(manifests(nodeFiles()), [
    'etc/kubernetes/manifests/etcd.yaml',
    'etc/kubernetes/manifests/kube-apiserver.yaml',
    'etc/kubernetes/manifests/kube-controller-manager.yaml',
    'etc/kubernetes/manifests/kube-scheduler.yaml',
  ]);
  t.true(nodeFiles().has('var/lib/kubelet/config.yaml'));
  const app = newApp();
  newKubeadm(app);
  const [bundle] = describe(app).bundles;
  t.deepEqual(
    bundle?.files.filter(({ path }) => !/pki|\.conf$/u.test(path)),
    [],
  );
  t.is(bundle?.etcdMember, null);
});

test('static pods: images by version and repository; an image of a component’s own', (t) => {
  const images = (props: Parameters<typeof nodeFiles>[0]): (string | undefined)[] =>
    ['etcd', 'kube-apiserver', 'kube-scheduler'].map(
      (name) => podOf(nodeFiles(props), name).spec.containers[0]?.image,
    );
  t.deepEqual(images({ kubernetesVersion: 'v1.33', imageRepository: 'reg.example.com:5000/k8s' }), [
    'reg.example.com:5000/k8s/etcd:3.5.24-0',
    'reg.example.com:5000/k8s/kube-apiserver:v1.33.0',
    'reg.example.com:5000/k8s/kube-scheduler:v1.33.0',
  ]);
  const image = `own.example.com/etcd@sha256:${'a'.repeat(64)}`;
  t.deepEqual(images({ etcdLocal: { image } }), [
    image,
    'registry.k8s.io/kube-apiserver:v1.34.4',
    'registry.k8s.io/kube-scheduler:v1.34.4',
  ]);
});

test('static pods: a version has the flags that its etcd knows, and no other', (t) => {
  const checks = (kubernetesVersion: string): string[] =>
    flagsOf(podOf(nodeFiles({ kubernetesVersion }), 'etcd')).filter((text) =>
      /corrupt|progress|feature-gates/iu.test(text),
    );
  t.deepEqual(checks('1.34.4'), [
    '--feature-gates=InitialCorruptCheck=true',
    '--watch-progress-notify-interval=5s',
  ]);
  t.deepEqual(checks('1.31.0'), [
    '--experimental-initial-corrupt-check=true',
    '--experimental-watch-progress-notify-interval=5s',
  ]);
});

test('static pods: extra arguments replace flags of their name and come last, as they were given', (t) => {
  const flags = flagsOf(
    podOf(
      nodeFiles({
        apiServer: {
          extraArgs: {
            'tls-sni-cert-key': ['/z,/k', '/a,/k'],
            'enable-admission-plugins': 'NodeRestriction,AlwaysPullImages',
            'audit-log-path': '-',
          },
        },
      }),
      'kube-apiserver',
    ),
  );
  t.deepEqual(flags.slice(-4), [
    '--tls-sni-cert-key=/z,/k',
    '--tls-sni-cert-key=/a,/k',
    '--enable-admission-plugins=NodeRestriction,AlwaysPullImages',
    '--audit-log-path=-',
  ]);
  t.is(flags.filter((text) => text.startsWith('--enable-admission-plugins')).length, 1);
  t.deepEqual(flags.slice(0, -4), [...flags.slice(0, -4)].sort());
});

test('static pods: arguments that say more than their flag', (t) => {
  const pod = podOf(
    nodeFiles({
      controllerManager: {
        extraArgs: { 'bind-address': '::', 'flex-volume-plugin-dir': '/opt/plugins' },
      },
    }),
    'kube-controller-manager',
  );
  t.false('host' in (pod.spec.containers[0]?.livenessProbe.httpGet ?? {}));
  t.is(
    pod.spec.volumes.find(({ name }) => name === 'flexvolume-dir')?.hostPath.path,
    '/opt/plugins',
  );

  const etcdLocal = {
    extraArgs: {
      'listen-metrics-urls': 'https://[fd00::1]:9000,http://x:1',
      'advertise-client-urls': 'https://e:1',
    },
  };
  const [etcd] = podOf(nodeFiles({ etcdLocal }), 'etcd').spec.containers;
  t.like(etcd?.livenessProbe.httpGet, { host: 'fd00::1', scheme: 'HTTPS' });
  t.is(etcd?.ports[0]?.containerPort, 9000);
  t.deepEqual(flag({ etcdLocal }, 'kube-apiserver', 'etcd-servers'), ['https://e:1']);

  const config = { extraArgs: { 'authorization-config': '/etc/authz.yaml' } };
  t.deepEqual(flag({ apiServer: config }, 'kube-apiserver', 'authorization-mode'), []);
});

test('static pods: extra volumes are sorted among the default ones', (t) => {
  const apiServer = {
    extraVolumes: [
      { name: 'audit', hostPath: '/var/log/audit', mountPath: '/audit' },
      {
        name: 'ca-certs',
        hostPath: '/opt/certs',
        mountPath: '/etc/ssl/certs',
        readOnly: true,
        pathType: 'Directory',
      },
    ],
  };
  const { spec } = podOf(nodeFiles({ apiServer }), 'kube-apiserver');
  t.deepEqual(spec.volumes, [
    { name: 'audit', hostPath: { path: '/var/log/audit', type: '' } },
    { name: 'ca-certs', hostPath: { path: '/opt/certs', type: 'Directory' } },
    { name: 'k8s-certs', hostPath: { path: '/etc/kubernetes/pki', type: 'DirectoryOrCreate' } },
  ]);
  t.deepEqual(spec.containers[0]?.volumeMounts[0], { name: 'audit', mountPath: '/audit' });
});

test('static pods: IPv6 addresses stand in brackets in URLs, and the loopback is of their family', (t) => {
  const props = { controlPlaneNodes: [{ name: 'cp-1', advertiseAddress: 'fd00::11' }] };
  t.deepEqual(flag(props, 'etcd', 'listen-client-urls'), [
    'https://[::1]:2379,https://[fd00::11]:2379',
  ]);
  t.deepEqual(flag(props, 'etcd', 'listen-metrics-urls'), ['http://[::1]:2381']);
  t.deepEqual(flag(props, 'kube-apiserver', 'etcd-servers'), ['https://[::1]:2379']);
  t.deepEqual(flag(props, 'kube-apiserver', 'advertise-address'), ['fd00::11']);
  t.deepEqual(podOf(nodeFiles(props), 'kube-apiserver').metadata.annotations, {
    'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': '[fd00::11]:6443',
    'cdk8s-pki/files': '__cdk8s-pki:files-hash__',
  });
});

test('static pods: an external etcd has no pod here, and every endpoint in the API server’s flags', (t) => {
  const app = newApp();
  const authority = new CertificateAuthority(app, 'etcd');
  newKubeadm(app, {
    kubernetesVersion: '1.34.4',
    etcd: { endpoints: ['https://e1:2379', 'https://e2'], authority },
  });
  const [bundle] = describe(app).bundles;
  const files = new Map((bundle?.files ?? []).map((file) => [file.path, file]));
  t.false(files.has('etc/kubernetes/manifests/etcd.yaml'));
  t.is(bundle?.etcdMember, null);
  t.true(
    flagsOf(podOf(files, 'kube-apiserver')).includes(
      '--etcd-servers=https://e1:2379,https://e2:2379',
    ),
  );
});

test('clusterSigningDuration: always said, 365 days where nothing else is', (t) => {
  const name = 'cluster-signing-duration';
  t.deepEqual(flag({}, 'kube-controller-manager', name), ['8760h']);
  const props = { clusterSigningDuration: Duration.hours(36) };
  t.deepEqual(flag(props, 'kube-controller-manager', name), ['36h']);
});

test('podSubnets: kube-controller-manager gives nodes their networks', (t) => {
  const props = {
    podSubnets: ['10.244.0.9/16', 'fd00:10:244::/48'],
    serviceSubnets: ['10.96.0.0/12', 'fd00:10:96::/112'],
  };
  const values = ['allocate-node-cidrs', 'cluster-cidr', 'service-cluster-ip-range'].flatMap(
    (name) => flag(props, 'kube-controller-manager', name),
  );
  t.deepEqual(values, ['true', '10.244.0.0/16,fd00:10:244::/48', '10.96.0.0/12,fd00:10:96::/112']);
  t.deepEqual(flag({}, 'kube-controller-manager', 'cluster-cidr'), []);
});

test('workerNodes: one bundle with the trust bundle and the kubelet’s configuration, nothing encrypted', (t) => {
  const app = newApp();
  newKubeadm(app, {
    workerNodes: [{ name: 'w-1' }],
    serviceSubnets: ['fd00:10:96::/112'],
    dnsDomain: 'k8s.example',
  });
  const { bundles, nodes } = describe(app);
  const files = bundles.find(({ node }) => node === '_worker')?.files ?? [];
  t.deepEqual(
    files.map(({ path, mode, secret }) => [path, mode, secret]),
    [
      ['etc/kubernetes/pki/ca.crt', 0o644, false],
      ['var/lib/kubelet/config.yaml', 0o644, false],
    ],
  );
  t.deepEqual(
    nodes.map(({ name }) => name),
    ['cp-1'],
  );
  t.like(load(files[1]?.content ?? ''), {
    kind: 'KubeletConfiguration',
    authentication: { x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' } },
    clusterDNS: ['fd00:10:96::a'],
    clusterDomain: 'k8s.example',
    rotateCertificates: true,
    serverTLSBootstrap: true,
    staticPodPath: '/etc/kubernetes/manifests',
  });
  t.false(describe(withoutWorkers()).bundles.some(({ node }) => node === '_worker'));
});

function withoutWorkers() {
  const app = newApp();
  newKubeadm(app);
  return app;
}

test('controlPlane kubeadm: a configuration and patches instead of manifests', (t) => {
  const image = 'own.example.com/apiserver:1';
  const files = nodeFiles({
    controlPlane: 'kubeadm',
    apiServer: { image },
    clusterSigningDuration: Duration.hours(1),
    controllerManager: { extraArgs: { profiling: 'false' } },
    etcdLocal: { extraVolumes: [{ name: 'wal', hostPath: '/wal', mountPath: '/wal' }] },
  });
  t.deepEqual(manifests(files), []);
  const documents = loadAll(files.get('etc/kubernetes/kubeadm/config.yaml')?.content ?? '') as {
    readonly kind: string;
    readonly controllerManager?: unknown;
  }[];
  t.deepEqual(
    documents.map(({ kind }) => kind),
    ['ClusterConfiguration', 'InitConfiguration', 'JoinConfiguration', 'KubeletConfiguration'],
  );
  t.deepEqual(documents[0]?.controllerManager, {
    extraArgs: [
      { name: 'cluster-signing-cert-file', value: '/etc/kubernetes/pki/cluster-signing-ca.crt' },
      { name: 'cluster-signing-duration', value: '1h' },
      { name: 'profiling', value: 'false' },
    ],
  });
  const patch = files.get('etc/kubernetes/kubeadm/patches/kube-apiserver+strategic.yaml');
  t.deepEqual(load(patch?.content ?? ''), {
    metadata: { annotations: { 'cdk8s-pki/files': '__cdk8s-pki:files-hash__' } },
    spec: { containers: [{ name: 'kube-apiserver', image }] },
  });
  const pod = nodeFiles().get('etc/kubernetes/manifests/kube-apiserver.yaml');
  t.deepEqual(patch?.reads, pod?.reads);
});

test(
  'settings of the control plane',
  invalid,
  (app) => {
    newKubeadm(app, {
      kubernetesVersion: '1.34.4',
      etcd: { endpoints: ['https://e:2379'], authority: new CertificateAuthority(app, 'etcd') },
      etcdLocal: {},
      imageRepository: 'https://registry',
      clusterSigningDuration: Duration.minutes(9),
      podSubnets: ['10.0.0.0', '10.1.0.0/16', '10.2.0.0/16'],
      workerNodes: [{ name: 'cp-1' }, { name: '_w' }],
      apiServer: {
        image: 'UPPER CASE',
        extraArgs: { '--v': '1', 'a b': '1', v: [], w: 'two\nlines' },
        extraVolumes: [
          { name: 'k8s-certs', hostPath: '/a', mountPath: '/b' },
          { name: 'x', hostPath: 'relative', mountPath: '/c/../d', pathType: 'Any' },
          { name: 'x', hostPath: '/a', mountPath: '/e' },
        ],
      },
    });
    return app;
  },
  ...[
    /podSubnets "10.0.0.0" is not a network/,
    /podSubnets names two networks of one family/,
    /node "cp-1" is declared twice/,
    /worker node "_w" is not a node name/,
    /imageRepository "https:\/\/registry"/,
    /etcdLocal has no effect: etcd is external/,
    /apiServer: extraArgs "--v" is written with dashes/,
    /apiServer: extraArgs "a b" is not the name of a flag/,
    /apiServer: extraArgs "v" is an empty list/,
    /apiServer: extraArgs "w" has a value that is not one line/,
    /extraVolumes "k8s-certs" has the name of a volume that kube-apiserver cannot do without/,
    /extraVolumes "x" has a hostPath that is not an absolute path/,
    /extraVolumes "x" has a mountPath that is not an absolute path/,
    /extraVolumes "x" has pathType "Any"/,
    /extraVolumes "x" has a name or a mountPath that another volume has/,
    /apiServer: image "UPPER CASE" is not an image reference/,
    /clusterSigningDuration is shorter than 10 minutes/,
  ].map((message): [string, RegExp] => ['prod', message]),
);

test(
  "settings that are not the user's to give",
  invalid,
  (app) => {
    newKubeadm(app, {
      kubernetesVersion: '1.34.4',
      etcdLocal: {
        extraArgs: { name: 'foo', 'initial-cluster': 'x', 'initial-cluster-state': 'new' },
      },
      controllerManager: {
        extraArgs: { 'cluster-signing-duration': '1h', 'cluster-signing-cert-file': '/x' },
      },
      apiServer: {
        extraVolumes: [{ name: 'own', hostPath: '/usr/share/ca', mountPath: '/etc/ssl/certs' }],
      },
    });
    return app;
  },
  ...[
    /etcdLocal: extraArgs "name" cannot be given/,
    /etcdLocal: extraArgs "initial-cluster" cannot be given/,
    /etcdLocal: extraArgs "initial-cluster-state" cannot be given/,
    /apiServer: extraVolumes "own" has a name or a mountPath that another volume has/,
    /controllerManager: extraArgs "cluster-signing-duration" cannot be given: set clusterSigningDuration/,
    /controllerManager: extraArgs "cluster-signing-cert-file" cannot be given/,
  ].map((message): [string, RegExp] => ['prod', message]),
);

test(
  'a control plane of no version',
  invalid,
  (app) => {
    newKubeadm(app, { controlPlane: 'kubeadm', scheduler: { extraArgs: { v: '2' } } });
    return app;
  },
  ['prod', /scheduler has no effect: without a kubernetesVersion there are no static pods/],
  ['prod', /controlPlane "kubeadm" needs a kubernetesVersion/],
);
