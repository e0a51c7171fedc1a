import test from 'ava';
import type { DesiredUnit } from '../../../src/model/desired.ts';
import { describe, newApp, newKubeadm } from '../../_helpers/declare.ts';
import { unit } from '../../_helpers/desired.ts';
import { MemoryTree, newIdentity, synth } from '../../_helpers/repository.ts';

const identity = await newIdentity();

function cluster(...numbers: readonly number[]): DesiredUnit {
  const app = newApp({ recipients: [identity.recipient] });
  newKubeadm(app, {
    kubernetesVersion: '1.34.4',
    controlPlaneNodes: numbers.map((number) => ({
      name: `cp-${number}`,
      advertiseAddress: `10.0.0.${number}`,
    })),
  });
  return unit(describe(app));
}

const manifest = (number: number): string =>
  `deploy/prod/nodes/cp-${number}/etc/kubernetes/manifests/etcd.yaml`;

const initial = (tree: MemoryTree, number: number): string[] =>
  tree.text(manifest(number)).match(/--initial-cluster.*/gu) ?? [];

const members = (...numbers: readonly number[]): string =>
  `--initial-cluster=${numbers.map((number) => `cp-${number}=https://10.0.0.${number}:2380`).join(',')}`;

const made = new MemoryTree();
await synth(made, { units: [cluster(1, 2)] });

test('etcd: a new cluster’s members know each other, and a second run changes nothing', async (t) => {
  const tree = made.clone();
  for (const number of [1, 2])
    t.deepEqual(initial(tree, number), [members(1, 2), '--initial-cluster-state=new']);
  t.deepEqual((await synth(tree, { units: [cluster(1, 2)] })).files, []);
});

test('etcd: a node added later joins, and no file of its peers changes', async (t) => {
  const tree = made.clone();
  const peers = tree.paths(/\/nodes\/cp-[12]\//u).map((path) => [path, tree.text(path)]);
  await synth(tree, { units: [cluster(1, 3, 2)], identity });
  t.deepEqual(initial(tree, 3), [members(1, 2, 3), '--initial-cluster-state=existing']);
  t.deepEqual(
    peers.map(([path = '']) => [path, tree.text(path)]),
    peers,
  );
  t.deepEqual((await synth(tree, { units: [cluster(1, 2, 3)] })).files, []);
});

test('etcd: a member that is taken out changes no file of its peers', async (t) => {
  const tree = made.clone();
  for (const path of tree.paths(/\/pki\/cp-2\//u)) tree.remove(path);
  const peers = tree.paths(/\/nodes\/cp-1\//u).map((path) => [path, tree.text(path)]);
  await synth(tree, { units: [cluster(1)], identity });
  t.deepEqual(tree.paths(/\/nodes\/cp-2\//u), []);
  t.deepEqual(
    peers.map(([path = '']) => [path, tree.text(path)]),
    peers,
  );
});

test('etcd: a manifest that cannot be understood stops the run', async (t) => {
  const tree = made.clone().edit(manifest(2), '--initial-cluster=', '--initial-clusters=');
  const error = await t.throwsAsync(synth(tree, { units: [cluster(1, 2)], identity }), {
    code: 'ERR_STORE',
  });
  t.regex(error.message, /nodes\/cp-2.* has no list of members/u);
});

test('etcd: an edit elsewhere in the manifest is repaired, the members stay', async (t) => {
  const tree = made.clone().edit(manifest(2), '--snapshot-count=10000', '--snapshot-count=1');
  await synth(tree, { units: [cluster(1, 2)] });
  t.is(tree.text(manifest(2)), made.text(manifest(2)));
});
