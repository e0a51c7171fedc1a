import test from 'ava';
import { PkiError } from '../../src/errors.ts';
import type { DesiredCluster } from '../../src/model/desired.ts';
import type { LoadedRecord } from '../../src/load/load-declaration.ts';
import { DECLARATION, loadAll, userRepository } from '../_helpers/user-repository.ts';

const clusterOf = (records: readonly LoadedRecord[], name = 'prod'): DesiredCluster | undefined =>
  records
    .flatMap((record) => (record.type === 'unit' ? record.unit.clusters : []))
    .find((cluster) => cluster.name === name);

const leafNames = (records: readonly LoadedRecord[]): string[] =>
  clusterOf(records)?.leaves.map(({ path }) => path) ?? [];

const TYPED = `import { App, Certificate, KubeadmCluster } from 'cdk8s-pki';\n${DECLARATION}`;

/** The same declaration in every way that a repository can be set up. */
const SETUPS: Readonly<Record<string, readonly [file: string, files: Record<string, string>]>> = {
  'TypeScript, "type": "module"': [
    'clusters/main.ts',
    {
      'package.json': '{"type":"module"}',
      'clusters/main.ts': `${TYPED}const n: number = 1; export default app;`,
    },
  ],
  'TypeScript without "type"': [
    'main.ts',
    { 'package.json': '{}', 'main.ts': `${TYPED}export default app;` },
  ],
  'TypeScript that imports its own files': [
    'main.ts',
    {
      'main.ts': `import { app } from './fleet.ts'; export default app;`,
      'fleet.ts': `${TYPED}export { app };`,
    },
  ],
  'TypeScript with a top-level await': [
    'main.mts',
    { 'main.mts': `${TYPED}await Promise.resolve(); export default app;` },
  ],
  'TypeScript with module.exports': [
    'main.cts',
    {
      'main.cts': `const { App, KubeadmCluster } = require('cdk8s-pki');${DECLARATION}module.exports = app;`,
    },
  ],
  'CommonJS with module.exports': [
    'main.js',
    {
      'package.json': '{"type":"commonjs"}',
      'main.js': `const { App, KubeadmCluster } = require('cdk8s-pki');${DECLARATION}module.exports = app;`,
    },
  ],
  'CommonJS as a compiler writes it': [
    'main.cjs',
    {
      'main.cjs': `Object.defineProperty(exports, '__esModule', { value: true });
const { App, KubeadmCluster } = require('cdk8s-pki');${DECLARATION}exports.default = app;`,
    },
  ],
  'an ES module in JavaScript': ['main.mjs', { 'main.mjs': `${TYPED}export default app;` }],
};

for (const [title, [file, files]] of Object.entries(SETUPS))
  test.serial(`declaration: ${title}`, async (t) => {
    const folder = await userRepository(t, files);
    const records = await loadAll(folder, file);
    t.deepEqual(
      records.map(({ type }) => type),
      ['size', 'fleet', 'unit'],
    );
    t.is(leafNames(records).length, 11);
  });

test.serial(
  'declaration: two copies of the package, one loaded with require, make one fleet',
  async (t) => {
    const folder = await userRepository(
      t,
      {
        'main.ts': `import { App, KubeadmCluster, CertificateAuthority } from 'cdk8s-pki';
import other from './other.cjs';
${DECLARATION}
if (other.Certificate === undefined || other.CertificateAuthority === CertificateAuthority) throw new Error('one copy');
other.addTo(prod, new CertificateAuthority(prod, 'own'));
export default app;`,
        'other.cjs': `const pki = require('copy-of-cdk8s-pki');
module.exports = { ...pki, addTo(prod, issuer) {
  const ca = new pki.CertificateAuthority(prod, 'other-ca', { issuer });
  const certificate = new pki.Certificate(prod, 'other', { issuer: ca, profile: 'client' });
  new pki.TlsSecret(prod, 'other-tls', { certificate, namespace: 'default' });
  new pki.Kubeconfig(prod, 'someone', { user: 'someone' });
} };`,
      },
      ['cdk8s-pki', 'copy-of-cdk8s-pki'],
    );
    const cluster = clusterOf(await loadAll(folder, 'main.ts'));
    t.deepEqual(
      cluster?.authorities.map(({ name }) => name),
      ['ca', 'etcd-ca', 'front-proxy-ca', 'own', 'other-ca'],
    );
    t.true(cluster?.leaves.some(({ path }) => (path as string) === 'prod/other'));
    t.true(cluster?.leaves.some(({ path }) => (path as string) === 'prod/someone'));
    t.true(cluster?.manifests.some(({ path }) => path === 'manifests/Secret.default.other-tls'));
  },
);

test.serial(
  'declaration: a user’s own construct names its credentials by their place',
  async (t) => {
    const folder = await userRepository(t, {
      'main.ts': `import { Construct } from 'constructs';
import { App, Certificate, KubeadmCluster, TlsSecret } from 'cdk8s-pki';
class Ingress extends Construct {
  constructor(scope: Construct, id: string, props: { issuer: KubeadmCluster['ca'] }) {
    super(scope, id);
    const certificate = new Certificate(this, 'tls', { ...props, profile: 'server', dnsNames: ['a.example'] });
    new TlsSecret(this, 'secret', { certificate, namespace: 'web' });
  }
}
${DECLARATION}
new Ingress(prod, 'ingress', { issuer: prod.ca });
export default app;`,
    });
    const cluster = clusterOf(await loadAll(folder, 'main.ts'));
    const leaf = cluster?.leaves.find(({ constructPath }) => constructPath === 'prod/ingress/tls');
    t.like(leaf, { path: 'prod/ingress-tls', node: null, subject: { commonName: 'ingress-tls' } });
    t.true(cluster?.manifests.some(({ path }) => path === 'manifests/Secret.web.ingress-secret'));
  },
);

test.serial('declaration: no secret of the environment reaches it', async (t) => {
  const folder = await userRepository(t, {
    'main.ts': `import { ApiObject } from 'cdk8s';\n${TYPED}
new ApiObject(prod, 'env', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'env' }, data: { ...process.env } });
export default app;`,
  });
  const secret = 'hunter2';
  const names = [
    'SOPS_AGE_KEY',
    'SOPS_AGE_KEY_FILE',
    'GITHUB_TOKEN',
    'GITLAB_TOKEN',
    'GITEA_TOKEN',
    'CI_JOB_TOKEN',
    'AWS_SECRET_ACCESS_KEY',
    'DB_PASSWORD',
    'HTTPS_PROXY',
    'SSH_AUTH_SOCK',
    'anything',
    'NODE_OPTIONS',
  ];
  const environment = Object.fromEntries(names.map((name) => [name, secret]));
  const records = await loadAll(folder, 'main.ts', {
    ...environment,
    PATH: process.env['PATH'],
    LC_ALL: 'C',
    TZ: 'UTC',
  });
  t.false(JSON.stringify(records).includes(secret));
  const data = clusterOf(records)?.manifests.find(({ path }) => path.endsWith('.env'))?.template[
    'data'
  ];
  t.deepEqual(Object.keys(data as object).sort(), ['LC_ALL', 'PATH', 'TZ']);
});

/** Declarations that cannot be used, with the message and the hint that each one leads to. */
const FAILURES: Readonly<
  Record<string, readonly [source: string | null, message: RegExp, hint: RegExp]>
> = {
  'is not there': [null, /declaration "main.ts" does not exist/, /--app/],
  throws: [`throw new Error('boom');`, /threw an error/, /printed above/],
  'rejects later': [
    `setTimeout(() => { throw new Error('x'); }); await new Promise(() => {});`,
    /threw an error/,
    /printed above/,
  ],
  'has a syntax error': ['const = 1;', /threw an error/, /printed above/],
  'imports what is not installed': [
    `import 'not-there'; export default 1;`,
    /threw an error/,
    /printed above/,
  ],
  exits: ['process.exit(0);', /ended before it was read/, /process\.exit/],
  'never settles': [
    'await new Promise(() => {}); export default 1;',
    /never finishes/,
    /top-level await/,
  ],
  'rejects what nobody awaits': [
    `${TYPED}void Promise.reject(new Error('vault is sealed')); export default app;`,
    /threw an error/,
    /printed above/,
  ],
  'throws after it was loaded': [
    `${TYPED}setTimeout(() => { throw new Error('vault is sealed'); }, 50); export default app;`,
    /threw an error/,
    /printed above/,
  ],
  'has work under way that does not end': [
    // ten seconds of its clock are a moment here
    `const wait = setTimeout;
globalThis.setTimeout = ((run: () => void, span: number) => wait(run, span === 10_000 ? 10 : span)) as never;
${TYPED}setInterval(() => undefined, 50); export default app;`,
    /still has work under way after 10 seconds/,
    /end its timers/,
  ],
  'exports nothing': [TYPED, /exports nothing/, /export default app/],
  'exports something else': [
    `${TYPED}export default prod;`,
    /does not export an App/,
    /export default app/,
  ],
  'exports an App of cdk8s': [
    `import { App } from 'cdk8s'; export default new App();`,
    /does not export an App/,
    /export default app/,
  ],
  'calls app.synth()': [
    `${TYPED}app.synth(); export default app;`,
    /threw an error/,
    /printed above/,
  ],
  'is killed': [
    `process.kill(process.pid, 'SIGKILL'); await new Promise(() => {});`,
    /ended with SIGKILL/,
    /out of memory/,
  ],
  'writes to descriptor 3': [
    `import { writeSync } from 'node:fs'; writeSync(3, '{"type":"fleet","fleet":{}}\\n'); ${TYPED}export default app;`,
    /handed over something unexpected: fleet\.fleet\.tree is not/,
    /descriptor 3/,
  ],
  'says twice how large it is': [
    `import { writeSync } from 'node:fs'; writeSync(3, '{"type":"size","clusters":1}\\n'); ${TYPED}export default app;`,
    /handed over something unexpected: record "size" is not in its place/,
    /descriptor 3/,
  ],
};

for (const [title, [source, message, hint]] of Object.entries(FAILURES))
  test.serial(`declaration: one that ${title} is told so`, async (t) => {
    const folder = await userRepository(t, source === null ? {} : { 'main.ts': source });
    const error = await t.throwsAsync(loadAll(folder, 'main.ts'), {
      instanceOf: PkiError,
      code: 'ERR_DECLARATION',
    });
    t.regex(error.message, message);
    t.regex(error.hints.join(), hint);
  });

test.serial(
  'declaration: all its problems come at once, each with its construct path',
  async (t) => {
    const folder = await userRepository(t, {
      'main.ts': `${TYPED}
new Certificate(prod, 'a', { issuer: prod.ca, profile: 'server' });
new Certificate(prod, 'b', { issuer: prod.ca, profile: 'server', dnsNames: ['x\\u001b[31m'] });
export default app;`,
    });
    const error = await t.throwsAsync(loadAll(folder, 'main.ts'), { instanceOf: PkiError });
    t.like(error, { code: 'ERR_DECLARATION_INVALID', message: 'the declaration has 2 problems' });
    t.regex(error.details[0] ?? '', /^\[prod\/a\] profile "server" needs/);
    t.regex(error.details[1] ?? '', /^\[prod\/b\] "x.*" is not a DNS name$/);
    t.false(error.details[1]?.includes('\u001b'));
  },
);

test('declaration: what it declares later, without waiting for it, is declared too', async (t) => {
  const folder = await userRepository(t, {
    'clusters/main.ts': `import { App, Certificate, KubeadmCluster } from 'cdk8s-pki';${DECLARATION}
      setTimeout(() => new Certificate(prod, 'late', { issuer: prod.ca, profile: 'client' }), 50);
      export default app;`,
  });
  const records = await loadAll(folder, 'clusters/main.ts');
  const units = records.flatMap((record) => (record.type === 'unit' ? [record.unit] : []));
  const names = units.flatMap(({ clusters }) => clusters.flatMap(({ leaves }) => leaves));
  t.true(names.some(({ name }) => name === 'late'));
});
