import type { KubeadmClusterProps } from '../../src/index.ts';
import { nativeCipher } from '../../src/sops/cipher.ts';
import { describe, newApp, newKubeadm } from '../_helpers/declare.ts';
import { unit } from '../_helpers/desired.ts';
import { KubeadmRoot } from '../_helpers/kubeadm-root.ts';
import { MemoryTree, newIdentity, synth } from '../_helpers/repository.ts';
import { flagsOf, type Pod } from '../_helpers/static-pods.ts';
import { crlOf } from '../../src/model/reference.ts';
import { toolTest } from '../_helpers/tool-test.ts';

const identity = await newIdentity();
const cipher = nativeCipher({ list: [identity], unusable: [] });
const CONFIG = '/etc/kubernetes/kubeadm/config.yaml';
/** What kubeadm makes although nothing needs it: a bundle has no credential that bypasses authorization. */
const ADDED = ['etc/kubernetes/super-admin.conf'];
const COMPONENTS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];

const PROPS: Partial<KubeadmClusterProps> = {
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'api.prod.example.com:8443',
  controlPlaneNodes: [
    { name: 'cp-1', advertiseAddress: '10.0.0.11', addresses: ['fd00::11'] },
    { name: 'cp-2', advertiseAddress: '10.0.0.12', addresses: ['fd00::12'] },
  ],
  serviceSubnets: ['10.96.0.0/16', 'fd00:10:96::/112'],
  podSubnets: ['10.244.0.0/16', 'fd00:10:244::/48'],
  apiServerCertSans: ['api.internal.example.com'],
  apiServer: {
    extraArgs: { 'audit-log-path': '/audit/log', 'tls-sni-cert-key': ['/a,/b', '/c,/d'] },
    extraVolumes: [{ name: 'audit', hostPath: '/var/log/audit', mountPath: '/audit' }],
    image: 'own.example.com/kube-apiserver:1',
  },
  controllerManager: { extraArgs: { 'bind-address': '0.0.0.0' } },
  etcdLocal: {
    extraArgs: { 'quota-backend-bytes': '8589934592' },
    extraVolumes: [
      { name: 'wal', hostPath: '/mnt/wal', mountPath: '/wal', pathType: 'DirectoryOrCreate' },
    ],
  },
};

/** Installs the bundle of a node as it is in a tree that was made from the declaration. */
async function install(root: KubeadmRoot, props: typeof PROPS, node: string): Promise<void> {
  const app = newApp({ recipients: [identity.recipient] });
  newKubeadm(app, props);
  const cluster = describe(app);
  const tree = new MemoryTree();
  await synth(tree, { units: [unit(cluster)], now: new Date() });
  const files = cluster.bundles.find((item) => item.node === node)?.files ?? [];
  for (const { path, mode, secret, content } of files) {
    if (crlOf(content) !== undefined) continue; // nothing is revoked
    const text = tree.text(`deploy/prod/nodes/${node}/${path}`);
    root.write(path, secret ? await opened(text, path.endsWith('.conf')) : text, mode);
  }
}

async function opened(text: string, isYaml: boolean): Promise<string> {
  return isYaml
    ? JSON.stringify(await cipher.decryptYaml(text))
    : Buffer.from(await cipher.decryptBinary(text)).toString('utf8');
}

const kubeadmTest = toolTest(['kubeadm'], { serial: true });

for (const node of ['cp-1', 'cp-2'])
  kubeadmTest(
    `kubeadm over the bundle of ${node} keeps every file and gives the same flags`,
    async (t) => {
      const [ours, root] = [new KubeadmRoot(), new KubeadmRoot()];
      t.teardown(() => {
        ours.remove();
        root.remove();
      });
      await install(ours, PROPS, node);
      await install(root, { ...PROPS, controlPlane: 'kubeadm' }, node);
      const before = root.files();
      await root.init(['certs all', 'kubeconfig all', 'control-plane all', 'etcd local'], CONFIG);
      const after = root.files();
      for (const [file, content] of before) t.is(after.get(file), content, file);
      t.deepEqual(
        [...after.keys()].filter((file) => !before.has(file)).sort(),
        [...COMPONENTS.map((name) => `etc/kubernetes/manifests/${name}.yaml`), ...ADDED].sort(),
      );
      for (const name of COMPONENTS)
        t.deepEqual(comparable(root.pod(name)), comparable(ours.pod(name)), name);
    },
  );

/** Flags sorted: kubeadm puts those for signing among the user's. Members of etcd find each other as kubeadm has them do. */
function comparable(pod: Pod) {
  const [container] = pod.spec.containers;
  const { annotations = {} } = pod.metadata;
  return {
    flags: flagsOf(pod)
      .filter((text) => !text.startsWith('--initial-cluster'))
      .sort(),
    image: container?.image,
    mounts: container?.volumeMounts
      .map((mount) => JSON.stringify({ readOnly: false, ...mount }))
      .sort(),
    volumes: pod.spec.volumes.map((volume) => JSON.stringify(volume)).sort(),
    annotations: Object.keys(annotations).sort(),
  };
}

kubeadmTest(
  'kubeadm finds nothing wrong with its configuration, that for joining included',
  async (t) => {
    const root = new KubeadmRoot();
    t.teardown(() => {
      root.remove();
    });
    await install(root, { ...PROPS, controlPlane: 'kubeadm' }, 'cp-2');
    await t.notThrowsAsync(root.run(['config', 'validate', '--config', CONFIG]));
  },
);
