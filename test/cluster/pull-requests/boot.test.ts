import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { load } from 'js-yaml';
import { bundleFolder, fromBase64, record, text } from '../../_helpers/fleet-tree.ts';
import { Fleet } from '../../_helpers/fleet.ts';
import { NodeRoot } from '../../_helpers/node-root.ts';
import { toolTest } from '../../_helpers/tool-test.ts';
import { CLUSTER_TOOLS, watch } from '../_cluster-test.ts';
import * as kubernetes from '../_kubernetes.ts';
import { ControlPlane } from '../_machines/control-plane.ts';
import type { Machine } from '../_machines/machine.ts';
import { gitea, GITEA_TOOLS } from './_gitea.ts';
import { Remote } from './_remote.ts';

// Real servers have the real time: it is the day of the renewal, and the fleet was made long ago.
const bootTest = toolTest([...CLUSTER_TOOLS, ...GITEA_TOOLS], { serial: true, root: true });
const NOW = new Date();
const daysAgo = (days: number): Date => new Date(NOW.getTime() - days * 86_400_000);

const PLACE = { cluster: 'edge-1', node: 'node-1', addresses: ['192.0.2.10/24'] } as const;
const ADMIN = '/etc/kubernetes/admin.conf';
const CONTROLLERS = ['kube-controller-manager', 'kube-scheduler'];
const PODS = ['etcd', 'kube-apiserver', ...CONTROLLERS];
/** Of the node, in the order of their files below etc/kubernetes. */
const DUE_FILES = {
  'admin.conf': 'admin.conf',
  'controller-manager.conf': 'controller-manager.conf',
  'kubelet.conf': 'kubelet.conf',
  'apiserver-etcd-client': 'pki/apiserver-etcd-client',
  'apiserver-kubelet-client': 'pki/apiserver-kubelet-client',
  'etcd-healthcheck-client': 'pki/etcd/healthcheck-client',
  'etcd-peer': 'pki/etcd/peer',
  'etcd-server': 'pki/etcd/server',
  'front-proxy-client': 'pki/front-proxy-client',
  'scheduler.conf': 'scheduler.conf',
} as const;

let fleet: Fleet | undefined;
let plane: ControlPlane | undefined;
let remote: Remote;
let node: Machine;

const own = (): Fleet => {
  if (fleet === undefined) throw new Error('no fleet');
  return fleet;
};

watch(
  () => fleet,
  () => plane,
);

async function synth(at: Date): Promise<void> {
  const args = ['synth', '--now', at.toISOString()];
  const { status, stderr } = await own().cli(args, 'custodian');
  if (status !== 0) throw new Error(`synth: status ${status}\n${stderr.toString()}`);
  await own().commit(at);
}

bootTest('a control plane that was made long ago runs, and what people have works', async (t) => {
  fleet = await Fleet.prepare();
  const file = path.join(import.meta.dirname, '_boot.declaration.ts');
  fleet.write('clusters/main.ts', readFileSync(file, 'utf8'));
  await synth(daysAgo(300));
  // the certificate of the API server is issued again between: it alone of the node is not due
  fleet.editDeclaration('apiServerCertSans: []', "apiServerCertSans: ['new.example.com']");
  await synth(daysAgo(20));

  plane = await ControlPlane.create(fleet, [PLACE], ['192.0.2.10 edge-1.example.com node-1']);
  node = plane.machine('node-1');
  await plane.boot();
  const breakGlass = await kubernetes.breakGlass(fleet, 'edge-1', node);
  await kubernetes.apply(node, breakGlass, await kubernetes.manifests(fleet, 'edge-1', 'flux'));
  for (const name of CONTROLLERS) t.regex((await lease(name)).holder, /^node-1_/u);
  node.write('old-admin.conf', node.root.read('admin.conf'));
  for (const name of ['deployer', 'auditor']) node.write(`old-${name}.conf`, await declared(name));
  await works('before', ['admin', 'deployer', 'auditor'].map(oldOne));
  t.pass();
});

bootTest(
  'the merged pull request changes the files of the plan and no other: what is not due is the same, byte by byte',
  async (t) => {
    const { root } = own();
    remote = await Remote.create(gitea());
    await own().git('remote', 'add', 'origin', remote.url);
    await own().git(...remote.header, 'push', '--quiet', 'origin', 'main');
    await remote.known();
    const now = ['--now', NOW.toISOString()];
    const dry = await own().cli(['renew', '--dry-run', '--output', 'json', ...now]);
    const { actions, files } = JSON.parse(dry.stdout.toString()) as {
      readonly actions: readonly Readonly<Record<'action' | 'credential' | 'reason', string>>[];
      readonly files: readonly Readonly<Record<'path' | 'change', string>>[];
    };
    const issued = actions.filter(({ action }) => action === 'issue');
    t.deepEqual(issued.map(({ credential }) => credential).sort(), [
      'edge-1/deployer',
      ...Object.keys(DUE_FILES)
        .map((name) => `edge-1/node-1/${name}`)
        .sort(),
      'other/web',
    ]);
    t.true(issued.every(({ reason }) => reason === 'RenewalDue'));

    const before = contents(own());
    const environment = { GITEA_TOKEN: remote.token };
    const run = await own().cli(['renew', '--pull-request', ...now], 'custodian', environment);
    t.deepEqual([run.status, run.stderr.toString()], [0, '']);
    const pulls = await remote.pulls('open');
    t.deepEqual(pulls.map(({ head }) => head.ref).sort(), [
      'cdk8s-pki/renew/edge-1',
      'cdk8s-pki/renew/other',
    ]);
    const pull = pulls.find(({ head }) => head.ref.endsWith('/edge-1'));
    if (pull === undefined) throw new Error('no pull request of the cluster');
    const planned = files.filter(({ path: file }) => file.startsWith('deploy/edge-1/'));
    t.true(planned.every(({ change }) => change === 'update'));
    t.deepEqual(await remote.files(pull), planned.map(({ path: file }) => file).sort());
    await remote.merge(pull);

    await own().git(...remote.header, 'pull', '--quiet', '--ff-only', 'origin', 'main');
    const after = contents(own());
    t.deepEqual([...after.keys()], [...before.keys()], root);
    const changed = [...after].filter(([name, text]) => before.get(name) !== text);
    t.deepEqual(changed.map(([name]) => name).sort(), planned.map(({ path: file }) => file).sort());
    // what a reader of the plan expects of it
    const names = new Set(changed.map(([name]) => name));
    const inNode = (file: string): string => `${bundleFolder(PLACE)}/etc/kubernetes/${file}`;
    for (const file of Object.values(DUE_FILES)) {
      const pair = file.endsWith('.conf') ? [file] : [`${file}.crt`, `${file}.key`];
      for (const one of pair) t.true(names.has(inNode(one)), one);
    }
    for (const pod of PODS) t.true(names.has(inNode(`manifests/${pod}.yaml`)), pod);
    const same = ['ca.crt', 'ca.key', 'sa.pub', 'sa.key', 'apiserver.crt', 'apiserver.key'];
    for (const file of same) t.false(names.has(inNode(`pki/${file}`)), file);
    t.true(names.has('deploy/edge-1/kubeconfigs/deployer.conf'));
    t.false(names.has('deploy/edge-1/kubeconfigs/auditor.conf'));
    const gate = await own().cli(['verify', '--base', 'HEAD~1', ...now]);
    t.is(gate.status, 0, gate.stdout.toString());
  },
);

bootTest('a renewed kubeconfig works before its node has started again', async (t) => {
  node.write('new-deployer.conf', await declared('deployer'));
  await works('between', ['/etc/own/new-deployer.conf', oldOne('admin')]);
  t.pass();
});

bootTest(
  'the node boots from the renewed bundle: what it shows and says is renewed, kubeconfigs work, old ones too, and controllers lead',
  async (t) => {
    const old = new Map(
      Object.values(DUE_FILES).map((file) => [file, serialOf(node.root, file)] as const),
    );
    const leases = new Map<string, Lease>();
    for (const name of CONTROLLERS) leases.set(name, await lease(name));
    const shownBefore = await shown(2379);
    for (const name of PODS.toReversed()) await node.stop(name);
    const bundle = await NodeRoot.installed(own(), PLACE, path.basename(node.root.folder));
    await plane?.boot();
    for (const name of PODS) t.true(node.isRunning(name), name);

    for (const [file, serial] of old) t.not(serialOf(bundle, file), serial, file);
    const etcd = await shown(2379);
    t.not(etcd, shownBefore);
    t.is(etcd, serialOf(bundle, DUE_FILES['etcd-server']));
    t.is(await shown(6443), serialOf(bundle, 'pki/apiserver'));

    const kubeconfigs = [ADMIN, '/etc/own/new-deployer.conf'];
    await works('after', [...kubeconfigs, ...['admin', 'deployer', 'auditor'].map(oldOne)]);
    t.deepEqual(await kubernetes.whoami(node, '/etc/kubernetes/kubelet.conf'), {
      username: 'system:node:node-1',
      groups: ['system:nodes', 'system:authenticated'],
    });
    // what was written through the old certificates is there
    const kept = await kubernetes.json(node, ADMIN, ['get', 'configmap', 'before-0']);
    t.is(record(kept['data'])['written'], 'before');
    for (const [name, { holder, transitions }] of leases) {
      await kubernetes.eventually(`new holder of ${name}`, async () => {
        const now = await lease(name);
        return now.holder !== holder && now.transitions > transitions ? true : undefined;
      });
    }
    // and they work: a namespace gets its account and its trust bundle from the controllers
    await kubernetes.apply(node, ADMIN, 'apiVersion: v1\nkind: Namespace\nmetadata: {name: late}');
    await kubernetes.eventually('kube-root-ca.crt', () =>
      kubernetes.json(node, ADMIN, ['get', 'configmap', 'kube-root-ca.crt', '--namespace=late']),
    );
  },
);

const oldOne = (name: string): string => `/etc/own/old-${name}.conf`;

/** A read and a write through each of the kubeconfigs. */
async function works(name: string, kubeconfigs: readonly string[]): Promise<void> {
  for (const [index, file] of kubeconfigs.entries()) {
    await kubernetes.allowed(node, file, ['create', 'configmaps']);
    await kubernetes.json(node, file, ['get', 'configmaps']);
    const create = ['create', 'configmap', `${name}-${index}`, `--from-literal=written=${name}`];
    await node.succeed('kubectl', [`--kubeconfig=${file}`, ...create]);
  }
}

/** A declared kubeconfig, as a custodian opens it. */
async function declared(name: string): Promise<string> {
  const types = ['--input-type', 'yaml', '--output-type', 'yaml'];
  const file = `deploy/edge-1/kubeconfigs/${name}.conf`;
  return (await own().succeed('sops', ['decrypt', ...types, file], 'custodian')).toString();
}

interface Lease {
  readonly holder: string;
  readonly transitions: number;
}

function lease(name: string): Promise<Lease> {
  return kubernetes.eventually(`lease ${name}`, async () => {
    const get = ['get', 'lease', name, '--namespace=kube-system'];
    const spec = record((await kubernetes.json(node, ADMIN, get))['spec']);
    const { holderIdentity: holder, leaseTransitions } = spec;
    if (typeof holder !== 'string' || holder === '') return undefined;
    return { holder, transitions: Number(leaseTransitions) };
  });
}

/** Serial number of the certificate in a kubeconfig or of a pair. */
function serialOf(root: NodeRoot, file: string): string {
  if (!file.endsWith('.conf')) return new X509Certificate(root.read(`${file}.crt`)).serialNumber;
  const [entry] = record(load(root.read(file)))['users'] as readonly unknown[];
  const user = record(record(entry)['user']);
  return new X509Certificate(fromBase64(text(user['client-certificate-data']))).serialNumber;
}

/** Serial number of the certificate that a server shows. */
async function shown(port: number): Promise<string> {
  const connect = ['s_client', '-connect', `192.0.2.10:${port}`];
  const { stdout } = await node.run('openssl', connect);
  return new X509Certificate(stdout).serialNumber;
}

function contents(of: Fleet): Map<string, string> {
  return new Map(of.files().map((file) => [file, of.read(file)]));
}
