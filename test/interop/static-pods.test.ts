import test from 'ava';
import { CertificateAuthority, type App, type KubeadmClusterProps } from '../../src/index.ts';
import { DIFFERENCES, type Difference } from '../../src/catalog/static-pods/differences.ts';
import { describe, newApp, newKubeadm } from '../_helpers/declare.ts';
import { KubeadmRoot } from '../_helpers/kubeadm-root.ts';
import { podOf, type Pod } from '../_helpers/static-pods.ts';
import { toolTest } from '../_helpers/tool-test.ts';

type Props = Partial<KubeadmClusterProps>;

interface Case {
  readonly title: string;
  readonly props: (app: App) => Props;
  /** The same in kubeadm's words. */
  readonly cluster: Readonly<Record<string, unknown>>;
  readonly node?: string;
  readonly address?: string;
  readonly external?: boolean;
  /** Folders of the machine. */
  readonly folders?: readonly string[];
  /** Patches of kubeadm, for what its configuration has no words for. */
  readonly patches?: Readonly<Record<string, unknown>>;
}

const volume = {
  name: 'audit',
  hostPath: '/var/log/audit',
  mountPath: '/audit',
  readOnly: true,
  pathType: 'DirectoryOrCreate',
};
const IMAGE = 'own.example.com/kube-apiserver:v1.34.4-own';

const CASES: readonly Case[] = [
  { title: 'a single node', props: () => ({}), cluster: {} },
  {
    title: 'one of three nodes',
    props: () => ({
      controlPlaneNodes: [1, 2, 3].map((n) => ({
        name: `cp-${n}`,
        advertiseAddress: `10.0.0.1${n}`,
      })),
      podSubnets: ['10.244.0.0/16'],
    }),
    cluster: { networking: { podSubnet: '10.244.0.0/16' } },
    node: 'cp-2',
    address: '10.0.0.12',
  },
  {
    title: 'dual-stack, IPv6 first',
    props: () => ({
      controlPlaneNodes: [{ name: 'cp-1', advertiseAddress: 'fd00::11', addresses: ['10.0.0.11'] }],
      serviceSubnets: ['fd00:10:96::/112', '10.96.0.0/16'],
      podSubnets: ['fd00:10:244::/48', '10.244.0.0/16'],
      dnsDomain: 'k8s.example',
    }),
    cluster: {
      networking: {
        serviceSubnet: 'fd00:10:96::/112,10.96.0.0/16',
        podSubnet: 'fd00:10:244::/48,10.244.0.0/16',
        dnsDomain: 'k8s.example',
      },
    },
    address: 'fd00::11',
  },
  {
    title: 'external etcd',
    props: (app) => ({
      etcd: {
        endpoints: ['https://e1.example.com:2379', 'https://[fd00::2]:2379'],
        authority: new CertificateAuthority(app, 'etcd'),
      },
    }),
    cluster: {
      etcd: {
        external: {
          endpoints: ['https://e1.example.com:2379', 'https://[fd00::2]:2379'],
          caFile: '/etc/kubernetes/pki/etcd/ca.crt',
          certFile: '/etc/kubernetes/pki/apiserver-etcd-client.crt',
          keyFile: '/etc/kubernetes/pki/apiserver-etcd-client.key',
        },
      },
    },
    external: true,
  },
  {
    title: 'extra arguments, volumes and an image',
    props: () => ({
      apiServer: {
        extraArgs: {
          'tls-sni-cert-key': ['/b,/k', '/a,/k'],
          'authorization-mode': 'RBAC,Other,Node',
        },
        extraVolumes: [volume],
        image: IMAGE,
      },
      controllerManager: {
        extraArgs: { 'bind-address': '0.0.0.0', 'flex-volume-plugin-dir': '/opt/plugins' },
        extraVolumes: [{ name: 'ca-certs', hostPath: '/opt/certs', mountPath: '/etc/ssl/certs' }],
      },
      scheduler: { extraArgs: { 'bind-address': '::', v: '4' } },
      etcdLocal: {
        extraArgs: {
          'listen-metrics-urls': 'https://10.0.0.11:9000,http://127.0.0.1:2381',
          'advertise-client-urls': 'https://10.0.0.99:2379',
          'snapshot-count': '5',
        },
      },
      imageRepository: 'registry.example.com/k8s',
    }),
    cluster: {
      imageRepository: 'registry.example.com/k8s',
      apiServer: {
        extraArgs: [
          { name: 'tls-sni-cert-key', value: '/b,/k' },
          { name: 'tls-sni-cert-key', value: '/a,/k' },
          { name: 'authorization-mode', value: 'RBAC,Other,Node' },
        ],
        extraVolumes: [volume],
      },
      controllerManager: {
        extraArgs: [
          { name: 'bind-address', value: '0.0.0.0' },
          { name: 'flex-volume-plugin-dir', value: '/opt/plugins' },
        ],
        extraVolumes: [{ name: 'ca-certs', hostPath: '/opt/certs', mountPath: '/etc/ssl/certs' }],
      },
      scheduler: {
        extraArgs: [
          { name: 'bind-address', value: '::' },
          { name: 'v', value: '4' },
        ],
      },
      etcd: {
        local: {
          extraArgs: [
            { name: 'listen-metrics-urls', value: 'https://10.0.0.11:9000,http://127.0.0.1:2381' },
            { name: 'advertise-client-urls', value: 'https://10.0.0.99:2379' },
            { name: 'snapshot-count', value: '5' },
          ],
        },
      },
    },
    patches: {
      'kube-apiserver.yaml': { spec: { containers: [{ name: 'kube-apiserver', image: IMAGE }] } },
    },
  },
  {
    title: 'RSA keys, and the version before',
    props: () => ({ keyAlgorithm: 'RSA-2048', kubernetesVersion: '1.33.7' }),
    cluster: { encryptionAlgorithm: 'RSA-2048', kubernetesVersion: '1.33.7' },
  },
  {
    title: 'a machine with certificates in more folders',
    props: () => ({}),
    cluster: {},
    folders: ['etc/ca-certificates', 'etc/pki/tls/certs', 'usr/share/ca-certificates'],
  },
];

/** kubeadm's configuration for a case, in its own words. */
function configuration({ cluster, node = 'cp-1', address = '10.0.0.11' }: Case): string {
  return [
    {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'InitConfiguration',
      localAPIEndpoint: { advertiseAddress: address },
      nodeRegistration: { name: node, criSocket: 'unix:///run/containerd/containerd.sock' },
      patches: { directory: '/patches' },
    },
    {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'ClusterConfiguration',
      clusterName: 'prod',
      controlPlaneEndpoint: 'api.prod.example.com:6443',
      kubernetesVersion: '1.34.4',
      ...cluster,
    },
  ]
    .map((document) => JSON.stringify(document))
    .join('\n---\n');
}

/** Takes the listed differences out of a pod, and remembers which were there. */
function withoutDifferences(pod: Pod, component: string, seen: Set<Difference>) {
  const { annotations = {} } = pod.metadata;
  const [container] = pod.spec.containers;
  const isListed = (kind: Difference['kind'], name: string): boolean => {
    const row = DIFFERENCES.find(
      (difference) =>
        difference.kind === kind &&
        ['all', component].includes(difference.component) &&
        (difference.name.endsWith('*')
          ? name.startsWith(difference.name.slice(0, -1))
          : name === difference.name),
    );
    if (row !== undefined) seen.add(row);
    return row !== undefined;
  };
  const mounts = (container?.volumeMounts ?? []).filter(({ name }) => !isListed('volume', name));
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      annotations: Object.fromEntries(
        Object.entries(annotations).filter(([name]) => !isListed('annotation', name)),
      ),
    },
    spec: {
      ...pod.spec,
      containers: [
        {
          ...container,
          command: container?.command.filter(
            (text) => !isListed('flag', /^--([^=]+)=/u.exec(text)?.[1] ?? ''),
          ),
          volumeMounts: isListed('order', 'volumeMounts')
            ? mounts.toSorted((a, b) => (a.name < b.name ? -1 : 1))
            : mounts,
        },
      ],
      volumes: pod.spec.volumes.filter(({ name }) => !isListed('volume', name)),
    },
  };
}

const kubeadmTest = toolTest(['kubeadm'], { serial: true });
const seen = new Set<Difference>();

for (const item of CASES)
  kubeadmTest(`manifests are those of kubeadm, field by field: ${item.title}`, async (t) => {
    const app = newApp();
    newKubeadm(app, { kubernetesVersion: '1.34.4', ...item.props(app) });
    const bundle = describe(app).bundles.find(({ node }) => node === (item.node ?? 'cp-1'));
    const files = new Map((bundle?.files ?? []).map((file) => [file.path, file]));
    const root = new KubeadmRoot();
    try {
      root.write('kubeadm.yaml', configuration(item));
      root.write('patches/.keep', '');
      for (const [name, patch] of Object.entries(item.patches ?? {}))
        root.write(`patches/${name}`, JSON.stringify(patch));
      for (const folder of item.folders ?? []) root.write(`${folder}/.keep`, '');
      const phases = item.external ? ['control-plane all'] : ['control-plane all', 'etcd local'];
      await root.init(phases, '/kubeadm.yaml');
      const names = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
      for (const name of item.external ? names : [...names, 'etcd'])
        t.deepEqual(
          withoutDifferences(podOf(files, name), name, seen),
          withoutDifferences(root.pod(name), name, seen),
          name,
        );
    } finally {
      root.remove();
    }
  });

kubeadmTest('every listed difference is one', (t) => {
  t.deepEqual(
    DIFFERENCES.filter((difference) => !seen.has(difference)),
    [],
  );
});

test('every listed difference has a reason', (t) => {
  for (const { reason } of DIFFERENCES) t.true(reason.length > 20);
});
