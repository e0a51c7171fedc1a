import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { execa } from 'execa';
import { load } from 'js-yaml';
import { readCertificate } from '../../src/x509/read/certificate.ts';
import { readPrivateKey, spkiHash } from '../../src/x509/read/key.ts';

const root = path.resolve(import.meta.dirname, '../..');
const NOW = '2026-11-22T08:00:00Z';

interface Ran {
  readonly exitCode?: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
let identity: string;

async function cli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return execa(process.execPath, [path.join(root, 'dist/cli.js'), ...args], {
    cwd: folder,
    env: { HOME: folder, PATH: process.env.PATH ?? '', ...env },
    extendEnv: false,
    reject: false,
  });
}

const kubeconfig = (...args: readonly string[]): Promise<Ran> =>
  cli(['kubeconfig', '--now', NOW, ...args], { SOPS_AGE_KEY: identity });

test.before(async (t) => {
  folder = await mkdtemp(path.join(tmpdir(), 'cdk8s-pki-kubeconfig-'));
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  identity = await generateX25519Identity();
  await writeFile(
    path.join(folder, 'main.ts'),
    `import { App, KubeadmCluster } from '${path.join(root, 'dist/index.js')}';
    const app = new App({ recipients: ['${await identityToRecipient(identity)}'] });
    new KubeadmCluster(app, 'one', {
      controlPlaneEndpoint: 'api.one.test:6443',
      controlPlaneNodes: [{ name: 'cp-1', advertiseAddress: '10.0.0.1' }],
    });
    export default app;`,
  );
  const { exitCode, stderr } = await cli(['synth', '--app', 'main.ts', '--now', NOW]);
  t.is(exitCode, 0, stderr);
});

test.after.always(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The parts of a kubeconfig that a client uses. */
function parse(text: string): {
  readonly server: unknown;
  readonly certificate: ReturnType<typeof readCertificate>;
  readonly key: string;
} {
  const document = load(text) as {
    clusters: [{ cluster: { server: string } }];
    users: [{ user: Record<string, string> }];
  };
  const { user } = document.users[0];
  const decode = (name: string): string => Buffer.from(user[name] ?? '', 'base64').toString();
  return {
    server: document.clusters[0].cluster.server,
    certificate: readCertificate(decode('client-certificate-data')),
    key: decode('client-key-data'),
  };
}

test('kubeconfig: eight hours for the user and groups asked for, with a key of its own', async (t) => {
  const { exitCode, stdout, stderr } = await kubeconfig('one', '--user', 'jo', '--group', 'devs');
  t.is(exitCode, 0, stderr);
  const { server, certificate, key } = parse(stdout);
  t.is(server, 'https://api.one.test:6443');
  t.deepEqual(certificate.subject, { commonName: 'jo', organizations: ['devs'] });
  t.deepEqual(certificate.notAfter, new Date('2026-11-22T16:00:00Z'));
  t.is(spkiHash(readPrivateKey(key)), certificate.spki);
});

test('kubeconfig: stores nothing', async (t) => {
  const files = async (): Promise<string[]> =>
    readdir(path.join(folder, 'deploy'), { recursive: true });
  const before = await files();
  t.is((await kubeconfig('one', '--user', 'jo', '--validity', '30m')).exitCode, 0);
  t.deepEqual(await files(), before);
});

test('kubeconfig: break-glass is one hour in system:masters, with a warning', async (t) => {
  const { exitCode, stdout, stderr } = await kubeconfig('one', '--break-glass');
  t.is(exitCode, 0);
  const { certificate } = parse(stdout);
  t.deepEqual(certificate.subject, {
    commonName: 'kubernetes-super-admin',
    organizations: ['system:masters'],
  });
  t.deepEqual(certificate.notAfter, new Date('2026-11-22T09:00:00Z'));
  t.regex(stderr, /nothing can revoke it before 2026-11-22T09:00:00/u);
});

const refused = test.macro(async (t, args: readonly string[], status: number, message: RegExp) => {
  const { exitCode, stdout, stderr } = await kubeconfig(...args);
  t.is(exitCode, status);
  t.is(stdout, '');
  t.regex(stderr, message);
});

test(
  'kubeconfig: refuses system:masters',
  refused,
  ['one', '--user', 'x', '--group', 'system:masters'],
  2,
  /cannot be revoked/u,
);
test(
  'kubeconfig: refuses a cluster that is not in the tree',
  refused,
  ['two', '--user', 'x'],
  2,
  /clusters are: one/u,
);
test('kubeconfig: wants a user', refused, ['one'], 2, /--user is missing/u);
test(
  'kubeconfig: refuses a validity that is no duration',
  refused,
  ['one', '--user', 'x', '--validity', '8'],
  2,
  /not a duration up to 24h/u,
);
test(
  'kubeconfig: break-glass takes no user',
  refused,
  ['one', '--break-glass', '--user', 'x'],
  2,
  /goes without/u,
);
test(
  'kubeconfig: refuses to outlive the CA it could be renewed under',
  refused,
  ['one', '--user', 'x', '--now', '2036-11-19T07:00:00Z'],
  1,
  /issuer .* ends on/u,
);

for (const [what, args] of [
  ['a life that is not short', ['--user', 'x', '--validity', '25h']],
  ['an empty group', ['--user', 'x', '--group', '']],
  ['a group that looks like system:masters', ['--user', 'x', '--group', 'system:masters ']],
  ['a user of 65 characters', ['--user', 'x'.repeat(65)]],
] as const) {
  test(`kubeconfig: refuses ${what}`, refused, ['one', ...args], 2, /is not a/u);
}

test('kubeconfig: says which key it needs where there is no identity', async (t) => {
  const { exitCode, stdout, stderr } = await cli(['kubeconfig', 'one', '--user', 'x']);
  t.is(exitCode, 1);
  t.is(stdout, '');
  t.regex(stderr, /the key of CA "one\/ca" signs it \[ERR_IDENTITY_NEEDED\]\n.*SOPS_AGE_KEY_FILE/u);
});
