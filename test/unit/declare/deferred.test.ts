import test from 'ava';
import { Testing } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';
import { Kubeconfig, type KubeadmCluster, NodeBundle } from '../../../src/index.ts';
import { RBAC } from '../../../src/catalog/rbac.ts';
import { childrenOf } from '../../../src/declare/tree/deferred.ts';
import {
  clientOf,
  configMap,
  describe,
  newApp,
  newKubeadm,
  problemsOf,
} from '../../_helpers/declare.ts';

const KEYSETS = ['ca', 'etcd-ca', 'front-proxy-ca', 'service-account-key'];
const DEFERRED = ['nodes', ...RBAC.map(({ id }) => id), 'cluster-info'];

const idsOf = (constructs: readonly IConstruct[]): string[] =>
  constructs.map(({ node }) => node.id);

/** A cluster with children of the user's own, declared before anybody looked. */
function withOwn(): KubeadmCluster {
  const prod = newKubeadm(newApp(), { workerNodes: [{ name: 'w-1' }] });
  new Kubeconfig(prod, 'deployer', { user: 'deployer' });
  return prod;
}

const ALL = [...KEYSETS, 'nodes', 'workers', ...DEFERRED.slice(1), 'deployer'];

test('deferred: children are there, in their order, for whoever looks', (t) => {
  t.deepEqual(idsOf(withOwn().node.children), ALL);
  const prod = withOwn();
  const found = prod.node.findAll().map(({ node }) => node.path);
  t.true(found.includes('prod/nodes/cp-1/apiserver'));
  t.is(new Set(found).size, found.length);
  t.is(prod.node.findChild('nodes').node.scope, prod);
  t.is(prod.node.findChild('nodes'), prod.node.findChild('nodes'));
  t.is(prod.apiObjects.length, RBAC.length + 1);
  t.is(Testing.synth(withOwn()).length, RBAC.length + 1);
});

test('deferred: our own look is not kept, and shows the same as one that is', (t) => {
  const prod = withOwn();
  t.deepEqual(idsOf(childrenOf(prod)), ALL);
  const [first, second] = [childrenOf(prod), childrenOf(prod)].map((all) => all[KEYSETS.length]);
  t.is(first?.node.path, 'prod/nodes');
  t.not(first, second);
  const kept = prod.node.findChild('nodes');
  t.is(childrenOf(prod)[KEYSETS.length], kept);
});

test('deferred: a cluster that was looked at is handed over as one that was not', (t) => {
  const fleet = (look: (prod: KubeadmCluster) => unknown): unknown => {
    const app = newApp();
    const prod = newKubeadm(app, { kubernetesVersion: '1.34.4', workerNodes: [{ name: 'w-1' }] });
    clientOf(prod, prod.ca);
    look(prod);
    configMap(prod, 'own', {});
    return describe(app);
  };
  const unseen = fleet(() => undefined);
  t.deepEqual(
    fleet((prod) => prod.node.findAll()),
    unseen,
  );
  t.deepEqual(
    fleet((prod) => prod.certificate('apiserver')),
    unseen,
  );
});

test('deferred: what is changed there is handed over, and what is removed is not', (t) => {
  const app = newApp();
  const prod = newKubeadm(app);
  clientOf(new Construct(prod.certificate('apiserver'), 'agent'), prod.ca);
  t.true(prod.node.tryRemoveChild('cluster-info'));
  t.false(prod.node.tryRemoveChild('cluster-info'));
  const { leaves, manifests } = describe(app);
  t.true(leaves.some(({ path }) => path === 'prod/cp-1/apiserver-agent-web'));
  t.is(manifests.length, RBAC.length);
});

for (const id of DEFERRED)
  test(`deferred: id ${id} is taken at the line that takes it`, (t) => {
    const prod = newKubeadm(newApp());
    t.throws(() => new Construct(prod, id), {
      message: `There is already a Construct with name '${id}' in KubeadmCluster [prod]`,
    });
  });

test('deferred: an id that nothing deferred has is free', (t) => {
  t.notThrows(() => new Construct(newKubeadm(newApp()), 'workers'));
  t.is(newKubeadm(newApp()).node.tryFindChild('workers'), undefined);
});

test('deferred: a tree that its owner locked is handed over', (t) => {
  const app = newApp();
  const prod = newKubeadm(app);
  app.node.lock();
  t.is(describe(app).leaves.length, 11);
  t.throws(() => new NodeBundle(prod, 'x', { files: {} }), {
    message: /Cannot add children/u,
  });
});

test('deferred: validations and context are those of any node', (t) => {
  const app = newApp();
  const prod = newKubeadm(app);
  prod.node.addValidation({ validate: () => ['not today'] });
  t.deepEqual(problemsOf(app), ['[prod] not today']);
  t.throws(
    () => {
      prod.node.setContext('a', 1);
    },
    { message: /Cannot set context after children have been added/u },
  );
});
