import test from 'ava';
import { ApiObject, Chart, JsonPatch, Testing } from 'cdk8s';
import { Construct } from 'constructs';
import {
  Certificate,
  CertificateAuthority,
  Cluster,
  Duration,
  TlsSecret,
} from '../../../src/index.ts';
import { RBAC } from '../../../src/catalog/rbac.ts';
import { planUnits } from '../../../src/declare/fleet/units.ts';
import { importsOf } from '../../../src/declare/fleet/imports.ts';
import { credentialPath } from '../../../src/model/names.ts';
import {
  clientOf,
  configMap,
  describe,
  newApp,
  newCluster,
  newKubeadm,
} from '../../_helpers/declare.ts';

const paths = (app: Parameters<typeof describe>[0], name = 'prod'): string[] =>
  describe(app, name).manifests.map(({ path }) => path);

test('names: below a node’s bundle, in a child chart, in a construct of the user’s own', (t) => {
  const app = newApp();
  const prod = newKubeadm(app);
  clientOf(new Construct(prod.certificate('apiserver'), 'agent'), prod.ca, 'tls');
  clientOf(new Chart(prod, 'capi'), prod.ca, 'tls');
  clientOf(new Construct(prod, 'ingress'), prod.ca, 'tls');
  const own = describe(app).leaves.filter(({ name }) => name.endsWith('tls'));
  t.deepEqual(
    own.map(({ path, node }) => [path as string, node]),
    [
      ['prod/cp-1/apiserver-agent-tls', 'cp-1'],
      ['prod/capi-tls', null],
      ['prod/ingress-tls', null],
    ],
  );
});

test('subject: the credential’s name by default, as given otherwise', (t) => {
  const app = newApp();
  const prod = newCluster(app);
  const issuer = new CertificateAuthority(prod, 'ca.example.com');
  clientOf(prod, issuer);
  new Certificate(prod, 'b', { issuer, profile: 'client', subject: { organizations: ['x'] } });
  const { leaves, authorities } = describe(app);
  t.deepEqual(
    leaves.map(({ subject }) => subject),
    [{ commonName: 'web' }, { organizations: ['x'] }],
  );
  t.deepEqual(authorities[0]?.dnsNames, ['ca.example.com']);
});

test('authorities: issuers come first, whatever the order of the tree', (t) => {
  const app = newApp();
  const prod = newCluster(app);
  const early = new Construct(prod, 'a');
  const issuer = new CertificateAuthority(prod, 'root');
  new CertificateAuthority(early, 'sub', { issuer });
  t.deepEqual(
    describe(app).authorities.map(({ name }) => name),
    ['root', 'a-sub'],
  );
});

const DAY = 86_400;

test('authority: due while authorities below it can live until they are due, and a third of their validity before', (t) => {
  const app = newApp();
  const root = new CertificateAuthority(app, 'root');
  const prod = new Cluster(app, 'prod');
  const mesh = new CertificateAuthority(prod, 'mesh', {
    issuer: root,
    validity: Duration.days(1800),
  });
  const inner = new CertificateAuthority(prod, 'inner', {
    issuer: mesh,
    validity: Duration.days(900),
  });
  for (const id of ['a', 'b']) {
    const validity = Duration.days(id === 'a' ? 100 : 200);
    const renewBefore = Duration.days(30);
    const leaf = { issuer: inner, profile: 'client', validity, renewBefore } as const;
    new Certificate(new Cluster(app, id), 'web', leaf);
  }
  const dueBefore = (folder: string): (readonly [string, number])[] =>
    describe(app, folder).authorities.map(({ name, renewBefore }) => [name, renewBefore / DAY]);
  const leastOfInner = 200 + 33 + 300;
  const leastOfMesh = leastOfInner + 33 + 600;
  t.deepEqual(dueBefore('prod'), [
    ['mesh', leastOfInner + 33],
    ['inner', 200 + 33],
  ]);
  t.deepEqual(dueBefore('_shared'), [['root', leastOfMesh + 33]]);
});

test('authority: its own renewBefore holds where it is longer than what it signs needs', (t) => {
  const app = newApp();
  const prod = newCluster(app);
  for (const [id, days] of [
    ['long', 1825],
    ['short', 10],
  ] as const) {
    const issuer = new CertificateAuthority(prod, id, { renewBefore: Duration.days(days) });
    new Certificate(prod, `of-${id}`, { issuer, profile: 'client' });
  }
  t.deepEqual(
    describe(app).authorities.map(({ renewBefore }) => renewBefore / DAY),
    [1825, 398],
  );
});

test('authority: due early enough for the longest leaf that it signs in any cluster', (t) => {
  const app = newApp();
  const issuer = new CertificateAuthority(app, 'root');
  for (const [id, days] of [
    ['a', 400],
    ['b', 700],
    ['c', 500],
  ] as const) {
    const validity = Duration.days(days);
    new Certificate(new Cluster(app, id), 'web', { issuer, profile: 'client', validity });
  }
  t.is(describe(app, '_shared').authorities[0]?.renewBefore, (700 + 3 + 30) * 86_400);
});

test('imports: the credentials of other clusters that one uses', (t) => {
  const app = newApp();
  const prod = newCluster(app);
  const root = new CertificateAuthority(app, 'root');
  const key = new CertificateAuthority(app, 'key');
  const value = new CertificateAuthority(app, 'value');
  const own = clientOf(prod, root);
  configMap(prod, 'a', {
    [key.trustBundle.base64]: `x ${value.trustBundle.pem} ${own.certificate.pem}`,
  });
  t.deepEqual([...importsOf(describe(app))].sort() as string[], [
    '_shared/key',
    '_shared/root',
    '_shared/value',
  ]);
});

test('manifests: file names by kind, namespace and name, charts apart', (t) => {
  const app = newApp();
  const prod = newCluster(app);
  configMap(prod, 'a', {});
  new ApiObject(prod, 'b', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'System:Node' },
  });
  new ApiObject(new Chart(prod, 'capi'), 'c', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'x.y', namespace: 'ns' },
  });
  new ApiObject(new Chart(app, 'mgmt'), 'd', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'n' },
  });
  t.deepEqual(paths(app), [
    'manifests/ConfigMap.a',
    'manifests/ClusterRole.system-node',
    'capi/Secret.ns.x.y',
  ]);
  t.deepEqual(paths(app, 'mgmt'), ['manifests/Namespace.n']);
  t.like(describe(app, 'mgmt'), { hasStore: false, leaves: [] });
});

test('objects: named by their ids below the chart, without a hash', (t) => {
  const prod = newCluster(newApp());
  t.is(configMap(prod, 'plain', {}).name, 'plain');
  t.is(configMap(new Construct(prod, 'ingress'), 'web', {}).name, 'ingress-web');
});

test('TlsSecret: a kubernetes.io/tls Secret of references, also in a child chart', (t) => {
  const app = newApp();
  const prod = newCluster(app);
  const certificate = clientOf(prod, new CertificateAuthority(prod, 'ca'));
  new TlsSecret(new Chart(prod, 'child'), 'web-tls', {
    certificate,
    namespace: 'web',
    labels: { a: 'b' },
    annotations: { c: 'd' },
  });
  t.deepEqual(describe(app).manifests[0]?.template, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { annotations: { c: 'd' }, labels: { a: 'b' }, name: 'web-tls', namespace: 'web' },
    data: {
      'ca.crt': '__cdk8s-pki:prod/ca#trustBundle.base64__',
      'tls.crt': '__cdk8s-pki:prod/web#certificate.base64__',
      'tls.key': '__cdk8s-pki:prod/web#privateKey.base64__',
    },
    type: 'kubernetes.io/tls',
  });
});

test('references: survive long strings, JSON patches and map keys', (t) => {
  const app = newApp();
  const prod = newKubeadm(app);
  const { trustBundle } = prod.ca;
  const object = configMap(prod, 'a', {
    [trustBundle.base64]: `x\n    ${trustBundle.pem}\ny`,
  });
  object.addJsonPatch(JsonPatch.add('/data/patched', `--ca=${trustBundle.base64}`));
  const manifest = describe(app).manifests.find(({ path }) => path.endsWith('ConfigMap.a'));
  t.deepEqual(manifest?.template['data'], {
    [trustBundle.base64]: `x\n    ${trustBundle.pem}\ny`,
    patched: `--ca=${trustBundle.base64}`,
  });
});

test('App: synth and synthYaml say what to run, while cdk8s’ own test helper works', (t) => {
  const app = newApp();
  t.throws(() => app.synth(), { message: /run "cdk8s-pki synth"/ });
  t.throws(() => app.synthYaml(), { message: /run "cdk8s-pki synth"/ });
  t.is((Testing.synth(newKubeadm(app)) as unknown[]).length, RBAC.length + 1); // and cluster-info
});

test('recipients: the cluster’s instead of the App’s', (t) => {
  const app = newApp({
    deliveryRecipients: ['age1vsxgtdl06jl8kcr7m07sg0m8t8t4nzzwc8899p9qpj5wjm5qdsjqt3j0zz'],
  });
  new Cluster(app, 'own', { deliveryRecipients: [] });
  newCluster(app);
  t.is(describe(app).deliveryRecipients.length, 1);
  t.deepEqual(describe(app, 'own').deliveryRecipients, []);
  t.deepEqual(describe(app, 'own').recipients, describe(app).recipients);
});

const path = (text: string) => {
  const [cluster = '', name = ''] = text.split('/');
  return credentialPath(cluster, null, name);
};

test('planUnits: what is used comes first, the shared cluster before all', (t) => {
  const imports = new Map([
    ['a', new Set([path('c/x'), path('_shared/root')])],
    ['c', new Set([path('d/y')])],
  ]);
  t.deepEqual(planUnits(['a', 'b', 'c', 'd', '_shared'], imports), [
    { clusters: ['_shared'], imports: [], exports: [path('_shared/root')] },
    { clusters: ['d'], imports: [], exports: [path('d/y')] },
    { clusters: ['c'], imports: [path('d/y')], exports: [path('c/x')] },
    { clusters: ['a'], imports: [path('_shared/root'), path('c/x')], exports: [] },
    { clusters: ['b'], imports: [], exports: [] },
  ]);
});

test('planUnits: clusters that use each other are one unit', (t) => {
  const imports = new Map([
    ['a', new Set([path('b/x')])],
    ['b', new Set([path('c/x')])],
    ['c', new Set([path('a/x')])],
    ['d', new Set([path('a/x')])],
  ]);
  t.deepEqual(
    planUnits(['d', 'a', 'b', 'c'], imports).map(({ clusters }) => clusters),
    [['a', 'b', 'c'], ['d']],
  );
});
