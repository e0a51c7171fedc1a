import test from 'ava';
import { etcdStarts } from '../../../../src/plan/etcd-starts.ts';
import { observeEtcdMembers } from '../../../../src/observe/nodes/etcd-member.ts';
import { bundle, members as text, start } from '../../../_helpers/etcd.ts';
import { MemoryTree } from '../../../_helpers/repository.ts';

const FILE = 'deploy/prod/nodes/cp-1/etc/kubernetes/manifests/etcd.yaml';
const observe = (content: string) =>
  observeEtcdMembers(new MemoryTree().write(FILE, content), 'deploy', 'prod', [bundle(1)]);
const pod = (flags: string): string =>
  `spec:\n  containers:\n    - {name: other, command: []}\n    - name: etcd\n      command: [etcd]\n      args: ${flags}\n`;

test('observeEtcdMembers: a manifest as it is written', (t) => {
  const lines = ['name=cp-1', `initial-cluster=${text(1, 2)}`, 'initial-cluster-state=existing'];
  const content = lines.map((line) => `    - --${line}\n`).join('');
  t.deepEqual(observe(content).get('cp-1'), start(text(1, 2), 'existing'));
});

test('observeEtcdMembers: a manifest in other YAML; etcd’s default state is new', (t) => {
  const flags = `["--name", "cp-1", "--initial-cluster=${text(2)}", '--initial-cluster=${text(1)}']`;
  t.deepEqual(observe(pod(flags)).get('cp-1'), start(text(1)));
});

test('observeEtcdMembers: what kubeadm was to start is a cluster that exists, and no second one begins', (t) => {
  const tree = new MemoryTree();
  for (const node of ['cp-1', 'cp-2'])
    tree.write(`deploy/prod/nodes/${node}/etc/kubernetes/kubeadm/config.yaml`, 'kind: x\n');
  const bundles = [bundle(1), bundle(2), bundle(3)];
  const observed = observeEtcdMembers(tree, 'deploy', 'prod', bundles);
  const both = start(text(1, 2), 'existing');
  t.deepEqual(
    [...observed],
    [
      ['cp-1', both],
      ['cp-2', both],
    ],
  );
  t.deepEqual(etcdStarts(bundles, observed).get('cp-3'), start(text(1, 2, 3), 'existing'));
  t.deepEqual(etcdStarts(bundles, observed).get('cp-1'), both);
});

test('observeEtcdMembers: nothing where there is no manifest, or no member', (t) => {
  t.is(observeEtcdMembers(new MemoryTree(), 'deploy', 'prod', [bundle(1)]).size, 0);
  const tree = new MemoryTree().write(FILE, 'damaged');
  const none = { ...bundle(1), etcdMember: null };
  t.is(observeEtcdMembers(tree, 'deploy', 'prod', [none]).size, 0);
});

for (const [what, content, message] of [
  ['no YAML', '{', /not of member "cp-1"/],
  ['another node’s', pod(`[--name=cp-2, --initial-cluster=${text(1)}]`), /not of member "cp-1"/],
  ['no list', pod('[--name=cp-1]'), /no list of members/],
  ['a damaged list', pod('[--name=cp-1, "--initial-cluster=cp-1"]'), /no list of members/],
  [
    'another state',
    pod(`[--name=cp-1, --initial-cluster=${text(1)}, --initial-cluster-state=old]`),
    /neither new nor existing/,
  ],
] as const)
  test(`observeEtcdMembers: ${what} is an error, not a new member`, (t) => {
    const error = t.throws(() => observe(content), { code: 'ERR_STORE' });
    t.regex(error.message, message);
  });
