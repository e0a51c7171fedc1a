import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import type { ExpectedCluster } from '../../../src/evidence/expected.ts';
import type { ClusterView } from '../../../src/evidence/fetch.ts';
import { judge } from '../../../src/evidence/judge.ts';
import { CA, certificatePem, LEAF } from '../../_helpers/broken-certificates.ts';

const key = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();
const [first, second] = [key(), key()];
const kid = (pem: string): string =>
  createHash('sha256')
    .update(createPublicKey(pem).export({ type: 'spki', format: 'der' }))
    .digest('base64url');

const NODES = ['cp-1', 'cp-2'];
const expected: ExpectedCluster = {
  pods: NODES.map((node) => ({
    ...{ node, name: 'kube-apiserver', namespace: 'kube-system' },
    hash: `hash of ${node}`,
  })),
  servers: NODES.map((node) => ({ node, address: `${node}:6443` })),
  files: new Map([['sa.pub', first + second]]),
};

interface Mirror {
  name: string;
  nodeName: string;
  hash: string;
  mirror: string;
  ready: string;
  deletionTimestamp?: string;
}

const mirrors = (changes: Partial<Mirror> = {}): object[] =>
  NODES.map((node, index) => {
    const pod: Mirror = {
      ...{ name: `kube-apiserver-${node}`, nodeName: node, hash: `hash of ${node}` },
      ...{ mirror: 'x', ready: 'True' },
      ...(index === 1 ? changes : {}),
    };
    const { name, nodeName, hash, mirror, ready, deletionTimestamp } = pod;
    return {
      metadata: {
        ...{ name, deletionTimestamp, labels: { tier: 'control-plane' } },
        annotations: { 'cdk8s-pki/files': hash, 'kubernetes.io/config.mirror': mirror },
      },
      spec: { nodeName },
      status: { conditions: [{ type: 'Ready', status: ready }] },
    };
  });

const jwks = (...keys: readonly string[]) => ({
  value: { keys: keys.map((pem) => ({ kid: kid(pem) })) },
});
const published = (): ClusterView['jwks'] =>
  new Map(NODES.map((node) => [node, jwks(first, second)]));

const view = (items: readonly object[], changes: Partial<ClusterView> = {}): ClusterView => ({
  pods: { value: { items } },
  authentication: { why: 'nobody asked' },
  jwks: published(),
  ...changes,
});

const etcd = { domain: 'etcd-ca', unseen: [] } as const;

test('evidence: every static pod with the hash of its manifest, and ready, is a stage that is rolled out', (t) => {
  const { isRolledOut, lacks, holds } = judge(etcd, expected, view(mirrors()));
  t.deepEqual([isRolledOut, lacks, holds.length], [true, [], 1]);
});

const FAULTS: readonly (readonly [RegExp, Partial<Mirror>])[] = [
  [/kube-apiserver of cp-2 has no mirror pod/u, { name: 'other-cp-2' }],
  [/has no mirror pod/u, { mirror: '' }],
  [/has a mirror pod of another node/u, { nodeName: 'cp-1' }],
  [/runs with other files/u, { hash: 'earlier' }],
  [/is ending/u, { deletionTimestamp: '2026-01-01T00:00:00Z' }],
  [/is not ready/u, { ready: 'False' }],
];

for (const [message, changes] of FAULTS)
  test(`evidence: none where ${JSON.stringify(changes)}`, (t) => {
    const { isRolledOut, lacks } = judge(etcd, expected, view(mirrors(changes)));
    t.false(isRolledOut);
    t.regex(lacks.join('\n'), message);
  });

test('evidence: none where a control plane runs that the tree does not have, or the tree has none', (t) => {
  const [stranger] = mirrors({}).slice(1) as { metadata: object; spec: object }[];
  const other = {
    ...stranger,
    metadata: { ...stranger?.metadata, name: 'kube-apiserver-cp-9' },
    spec: { nodeName: 'cp-9' },
  };
  const found = judge(etcd, expected, view([...mirrors(), other]));
  t.false(found.isRolledOut);
  t.deepEqual(found.lacks, ['kube-apiserver-cp-9 runs, which the tree does not have']);
  t.false(judge(etcd, { ...expected, pods: [] }, view([])).isRolledOut);
});

test('evidence: an encrypted manifest, and one of another namespace, say nothing', (t) => {
  for (const change of [{ hash: '' }, { namespace: 'own' }]) {
    const pods = expected.pods.map((pod) => ({ ...pod, ...change }));
    const items = mirrors({ hash: '' });
    t.false(judge(etcd, { ...expected, pods }, view(items)).isRolledOut, JSON.stringify(change));
  }
});

test('evidence: who is seen by nobody holds the soak', (t) => {
  const { isRolledOut, unseen } = judge(
    { ...etcd, unseen: ['whoever reads x.yaml'] },
    expected,
    view(mirrors()),
  );
  t.false(isRolledOut);
  t.is(unseen[0], 'whoever reads x.yaml: it takes the soak');
  for (const domain of ['ca', 'authority'] as const)
    t.false(judge({ domain, unseen: [] }, expected, view(mirrors())).isRolledOut, domain);
});

test('evidence: of the service-account key each API server publishes every key', (t) => {
  const sa = { domain: 'service-account-key', unseen: [] } as const;
  t.true(judge(sa, expected, view(mirrors())).isRolledOut);
  const one = new Map(published()).set('cp-2', jwks(first));
  const silent = new Map(published()).set('cp-2', { why: 'there is no answer' });
  for (const [keys, message] of [
    [one, /API server of cp-2 does not publish every key/u],
    [silent, /API server of cp-2 cannot be seen: there is no answer/u],
    [new Map(), /cannot be seen: nobody asked/u],
  ] as const) {
    const found = judge(sa, expected, view(mirrors(), { jwks: keys }));
    t.false(found.isRolledOut);
    t.regex(found.lacks.join('\n'), message);
  }
  t.false(judge(sa, { ...expected, files: new Map() }, view(mirrors())).isRolledOut);
});

test('evidence: of the front-proxy CA extension API servers are told every entry', (t) => {
  const front = { domain: 'front-proxy-ca', unseen: [] } as const;
  const [old, incoming] = [certificatePem(CA), certificatePem(LEAF)];
  const reissued = certificatePem({ ...CA, serial: [0x52, ...Array<number>(15).fill(7)] });
  const bundle = { ...expected, files: new Map([['front-proxy-ca.crt', old + incoming] as const]) };
  const told = (pem: unknown): ClusterView['authentication'] => ({
    value: { data: { 'requestheader-client-ca-file': pem } },
  });
  const look = (authentication: ClusterView['authentication'], tree = bundle) =>
    judge(front, tree, view(mirrors(), { authentication }));
  for (const pem of [old + incoming, incoming + old, reissued + incoming])
    t.true(look(told(pem)).isRolledOut, 'the same keys');
  const name = 'the ConfigMap kube-system/extension-apiserver-authentication';
  for (const [authentication, message] of [
    [told(old), `${name} has not the whole trust bundle of this stage`],
    [told(`${old}-----BEGIN CERTIFICATE-----`), `${name} has not the whole`],
    [told(undefined), `${name} has not the whole`],
    [{ value: [] }, `${name} has not the whole`],
    [{ why: 'it is forbidden' }, `${name} cannot be seen: it is forbidden`],
  ] as const) {
    const { isRolledOut, lacks } = look(authentication);
    t.false(isRolledOut, message);
    t.true(lacks.join('\n').startsWith(message), lacks.join('\n'));
  }
  for (const bundles of [[], [['front-proxy-ca.crt', 'x'] as const]])
    t.false(
      look(told(old + incoming), { ...expected, files: new Map(bundles) }).isRolledOut,
      'a tree without one',
    );
});
