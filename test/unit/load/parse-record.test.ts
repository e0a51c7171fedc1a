import test from 'ava';
import { Consistency } from '../../../src/load/consistency.ts';
import { parseRecord } from '../../../src/load/parse-record.ts';
import type {
  DeclarationRecord,
  DesiredCluster,
  DesiredFleet,
} from '../../../src/model/desired.ts';
import { describe, newApp, newKubeadm } from '../../_helpers/declare.ts';

const app = newApp();
newKubeadm(app);
const CLUSTER: DesiredCluster = describe(app);
const { name, recipients, deliveryRecipients, nodes, hasStore } = CLUSTER;
const FLEET: DesiredFleet = {
  tree: 'deploy',
  removedRecipients: [],
  encryption: 'native',
  clusters: [{ name, recipients, deliveryRecipients, nodes, hasStore }],
};
const UNIT: DeclarationRecord = {
  type: 'unit',
  unit: { clusters: [CLUSTER], imports: [], exports: [], users: [] },
};

/** `value` with the member at `where` (dots between the steps) replaced. */
function replaced(value: unknown, where: string, by: unknown): unknown {
  const copy = structuredClone(value) as Record<string, unknown>;
  const steps = where.split('.');
  const last = steps.pop() ?? '';
  let at = copy;
  for (const step of steps) at = at[step] as Record<string, unknown>;
  at[last] = by;
  return copy;
}

test('parseRecord: what the declaration’s process hands over is taken as it is', (t) => {
  const fleet: DeclarationRecord = { type: 'fleet', fleet: FLEET, broken: [] };
  for (const record of [{ type: 'size', clusters: 1 }, fleet, UNIT, { type: 'end' }])
    t.deepEqual(parseRecord(JSON.stringify(record)), record as DeclarationRecord);
});

function deep(levels: number): unknown {
  let value: unknown = {};
  for (let level = 1; level < levels; level += 1) value = { a: value };
  return value;
}

const HOSTILE: readonly (readonly [where: string, by: unknown, message: RegExp])[] = [
  ['type', 'other', /type is not one of/],
  ['unit', null, /unit\.unit is not an object/],
  ['extra', 1, /unit\.extra is not a known member/],
  ['unit.clusters', {}, /is not a list/],
  ['unit.clusters.0.name', '../x', /is not a cluster name/],
  ['unit.clusters.0.name', 'pki', /is not a cluster name/],
  ['unit.clusters.0.name', 'a/b', /is not a cluster name/],
  ['unit.clusters.0.name', 7, /is not a cluster name/],
  ['unit.clusters.0.recipients', ['a\nb'], /is not one line/],
  ['unit.clusters.0.leaves.0.path', 'prod/../x', /is not a credential path/],
  ['unit.clusters.0.leaves.0.path', 'prod/a/b/c', /is not a credential path/],
  ['unit.clusters.0.leaves.0.name', '..', /is not a credential name/],
  ['unit.clusters.0.leaves.0.node', '..', /is not a node name/],
  ['unit.clusters.0.leaves.0.issuer', null, /is not a credential path/],
  ['unit.clusters.0.leaves.0.profile', 'ca', /is not one of server, client, peer/],
  ['unit.clusters.0.leaves.0.validity', -1, /is not a whole number/],
  ['unit.clusters.0.leaves.0.validity', 1.5, /is not a whole number/],
  ['unit.clusters.0.leaves.0.keyAlgorithm', 'RSA-512', /is not one of RSA-2048/],
  ['unit.clusters.0.leaves.0.subject', { x: 1 }, /subject\.x is not a known member/],
  [
    'unit.clusters.0.leaves.0.subject',
    { __proto__: null, commonName: 1 },
    /commonName is not a string/,
  ],
  ['unit.clusters.0.manifests.0.path', '/etc/passwd', /is not a manifest path/],
  ['unit.clusters.0.manifests.0.path', 'manifests/../../x', /is not a manifest path/],
  ['unit.clusters.0.manifests.0.path', 'pki/ca', /is not a manifest path/],
  ['unit.clusters.0.manifests.0.path', 'manifests/a\0b', /is not a manifest path/],
  ['unit.clusters.0.manifests.0.template', [], /is not an object/],
  ['unit.clusters.0.manifests.0.template', deep(91), /is not an object of at most 90 levels/],
  ['unit.clusters.0.leaves.0.validity', 36_526 * 86_400, /is not a whole number/],
  ['unit.clusters.0.name', 'con', /is not a cluster name/],
  ['unit.clusters.0.name', 'constructor ', /is not a cluster name/],
  ['unit.clusters.0.bundles.0.files.0.path', '../../x', /is not a relative path/],
  ['unit.clusters.0.bundles.0.files.0.path', '/etc/shadow', /is not a relative path/],
  ['unit.clusters.0.bundles.0.files.0.path', 'etc\\x', /is not a relative path/],
  ['unit.clusters.0.bundles.0.files.0.mode', 0o4755, /is not a whole number from 0 to 511/],
];

for (const [where, by, message] of HOSTILE)
  test(`parseRecord: refuses ${where} as ${JSON.stringify(by).slice(0, 60)} (${message.source})`, (t) => {
    t.throws(() => parseRecord(JSON.stringify(replaced(UNIT, where, by))), { message });
  });

test('parseRecord: refuses a tree outside the working directory, and what is no JSON', (t) => {
  for (const tree of ['..', '/tmp', 'a/../..', '', 'a\0', '.git', 'a/.GIT/b', 'a b', '*', '-a']) {
    const record = { type: 'fleet', fleet: { ...FLEET, tree } };
    t.throws(() => parseRecord(JSON.stringify(record)), {
      message: /tree is not the folder of a tree/,
    });
  }
  for (const line of ['', '{', 'null', '[]', '"unit"', '1']) t.throws(() => parseRecord(line));
});

const INCONSISTENT: readonly (readonly [where: string, by: unknown, message: RegExp])[] = [
  ['name', 'other', /is not one that was announced/],
  ['hasStore', false, /is not one that was announced/],
  ['leaves.0.cluster', 'other', /is not a credential of cluster "prod"/],
  ['leaves.0.path', 'prod/cp-1/other', /is not a credential of cluster "prod"/],
  ['leaves.1', CLUSTER.leaves[0], /is not used once as a credential/],
  ['leaves.0.issuer', 'prod/cp-1/apiserver', /is not a keyset/],
  ['nodes.0.name', 'ca', /is not used once as a folder of the store/],
  ['nodes', [], /bundle "cp-1" is not of a known node/],
  ['bundles.0.files.0.path', 'bundle.yaml', /is not used once as a file/],
  ['bundles.1', CLUSTER.bundles[0], /is not used once as a node bundle/],
  ['manifests.1', CLUSTER.manifests[0], /is not used once as a manifest/],
];

for (const [where, by, message] of INCONSISTENT)
  test(`Consistency: refuses a cluster whose ${where} is another’s`, (t) => {
    const cluster = replaced(CLUSTER, where, by) as DesiredCluster;
    t.throws(
      () => {
        new Consistency(FLEET).unit({ clusters: [cluster], imports: [], exports: [], users: [] });
      },
      { message },
    );
  });

test('Consistency: each cluster comes once, and none is left out', (t) => {
  const consistency = new Consistency(FLEET);
  t.throws(
    () => {
      consistency.end();
    },
    { message: /cluster "prod" is not handed over/ },
  );
  consistency.unit({ clusters: [CLUSTER], imports: [], exports: [], users: [] });
  consistency.end();
  t.throws(
    () => {
      consistency.unit({ clusters: [CLUSTER], imports: [], exports: [], users: [] });
    },
    { message: /announced/ },
  );
  const broken = [{ cluster: 'prod', problems: [{ constructPath: 'prod', message: 'x' }] }];
  const without = new Consistency(FLEET, {}, broken);
  t.notThrows(() => {
    without.end();
  }, 'one that is announced as broken is not waited for');
  t.throws(
    () => {
      without.unit({ clusters: [CLUSTER], imports: [], exports: [], users: [] });
    },
    { message: /announced/ },
  );
  for (const [cluster = '', problems = []] of [['other', broken[0]?.problems], ['prod']] as const)
    t.throws(() => new Consistency(FLEET, {}, [{ cluster, problems }]), {
      message: /announced, with problems/,
    });
  t.throws(() => new Consistency({ ...FLEET, clusters: [...FLEET.clusters, ...FLEET.clusters] }), {
    message: /free of duplicates/,
  });
});
