import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { load } from 'js-yaml';
import { RUNBOOKS } from '../../src/catalog/rotation/runbooks.ts';
import { record, text } from '../_helpers/fleet-tree.ts';
import { Fleet } from '../_helpers/fleet.ts';
import { clusterTest, watch } from './_cluster-test.ts';
import { ControlPlane } from './_machines/control-plane.ts';
import { etcdctl, health, members } from './_etcd.ts';
import * as kubernetes from './_kubernetes.ts';

const MEMBERS = ['etcd-1', 'etcd-2', 'etcd-3'] as const;
const ADDRESSES = ['10.20.0.11', '10.20.0.12', '10.20.0.13'];
const PLACES = MEMBERS.map((node, index) => ({
  cluster: 'etcd-eu-1',
  node,
  addresses: [`${ADDRESSES[index] ?? ''}/24`],
}));
const NODE = { cluster: 'apps-eu-1', node: 'node-1', addresses: ['10.20.0.21/24'] } as const;
const HOSTS = [
  '10.20.0.21 api.apps-eu-1.example.com node-1',
  ...MEMBERS.map((member, index) => `${ADDRESSES[index] ?? ''} ${member}`),
];
const ADMIN = '/etc/kubernetes/admin.conf';

let fleet: Fleet;
let plane: ControlPlane;

test.before(async () => {
  fleet = await Fleet.prepare();
  const declaration = path.join(import.meta.dirname, '_external-etcd.declaration.ts');
  fleet.write('clusters/main.ts', readFileSync(declaration, 'utf8'));
  const { status, stderr } = await fleet.cli(['synth'], 'custodian');
  if (status !== 0) throw new Error(`synth: status ${status}\n${stderr.toString()}`);
  await fleet.commit();
  plane = await ControlPlane.create(fleet, [...PLACES, NODE], HOSTS);
});
watch(
  () => fleet,
  () => plane,
);

clusterTest(
  'an etcd of three members starts from bundles of its own, made of public constructs, without the key of its authority',
  async (t) => {
    await plane.startPods(['etcd']);
    const healthy = ADDRESSES.map((address) => [`https://${address}:2379`, true] as const);
    for (const member of MEMBERS) {
      const machine = plane.machine(member);
      t.deepEqual(await members(machine), [...MEMBERS], member);
      t.deepEqual(await health(machine), healthy, member);
      const keys = machine.root.files().filter((file) => file.endsWith('.key'));
      t.deepEqual(
        keys,
        ['healthcheck-client', 'peer', 'server'].map((name) => `pki/etcd/${name}.key`),
      );
    }
  },
);

clusterTest(
  'a control plane starts on an external etcd with the bundle of its authority and one client certificate',
  async (t) => {
    const node = plane.machine('node-1');
    const pods = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
    t.deepEqual([...node.pods().keys()].sort(), pods);
    const files = node.root.files().filter((file) => file.includes('etcd'));
    t.deepEqual(files, [
      'pki/apiserver-etcd-client.crt',
      'pki/apiserver-etcd-client.key',
      'pki/etcd/ca.crt',
    ]);
    await plane.boot();
    for (const name of pods) t.true(node.isRunning(name), name);
    const { username } = await kubernetes.whoami(node, ADMIN);
    t.is(username, 'kubernetes-admin');
    const breakGlass = await kubernetes.breakGlass(fleet, NODE.cluster, node);
    const manifests = await kubernetes.manifests(fleet, NODE.cluster, 'flux');
    await kubernetes.apply(node, breakGlass, manifests);
    await kubernetes.allowed(node, ADMIN, ['*', '*', '--all-namespaces']);

    await node.succeed('kubectl', [`--kubeconfig=${ADMIN}`, 'create', 'configmap', 'written']);
    for (const member of MEMBERS) {
      const key = '/registry/configmaps/default/written';
      const { status, stdout } = await etcdctl(plane.machine(member), ['get', key, '--keys-only']);
      t.is(status, 0, member);
      t.is((JSON.parse(stdout.toString()) as { readonly count?: number }).count, 1, member);
    }
  },
);

clusterTest(
  'the commands by which a rotation of its authority is followed work where the API servers are',
  async (t) => {
    const { before, steps } = RUNBOOKS['external-etcd-ca'];
    const prints = {
      'See that every member of etcd takes': /^(?:\{"health":"true",.*\}\n?){3}$/u,
      'See that every member of etcd trusts': /^1\n1\n1$/u, // nothing is under way
      'See that every member of etcd shows': /^(?:\s*Verify return code: 0 \(ok\)\n?){3,}$/u,
      'See that certificates are of': /^\S+\/apiserver-etcd-client\.crt: OK$/u,
      'See that every API server reaches': /^ok$/u,
    };
    const all = [...Object.values(before), ...Object.values(steps)].flat();
    const ofNodes = all.filter(({ where }) => where !== 'anywhere'); // the others are of the tree
    const run = ofNodes.filter(({ commands }) => commands.length > 0);
    for (const [title, commands] of new Map(run.map((step) => [step.title, step.commands]))) {
      const shell = ['60', 'bash', '-c', commands.join('\n')];
      const { stdout, stderr } = await plane.machine('node-1').runFile('/usr/bin/timeout', shell);
      const [, printed] = Object.entries(prints).find(([start]) => title.startsWith(start)) ?? [];
      t.regex(
        stdout.toString().trim(),
        printed ?? /nothing is known of it/u,
        title + stderr.toString(),
      );
    }
  },
);

clusterTest(
  'a certificate of the front proxy’s authority with another name does not make a client the front proxy',
  async (t) => {
    const node = plane.machine('node-1');
    const file = `deploy/${NODE.cluster}/pki/impostor.sops.yaml`;
    const types = ['--input-type', 'yaml', '--output-type', 'yaml'];
    const document = await fleet.succeed('sops', ['decrypt', ...types, file], 'custodian');
    const { certificate, privateKey } = record(load(document.toString()));
    node.write('impostor.crt', text(certificate));
    node.write('impostor.key', text(privateKey));
    const ask = (pair: string): Promise<kubernetes.Answer> => {
      const headers = { 'x-remote-user': 'alice', 'x-remote-group': 'system:masters' };
      return kubernetes.selfReview(node, 'https://10.20.0.21:6443', { pair, headers });
    };
    t.is((await ask('/etc/own/impostor')).status, 401);
    t.is((await ask('/etc/kubernetes/pki/front-proxy-client')).status, 201);
  },
);
