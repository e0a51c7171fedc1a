import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { readCrl } from '../../src/x509/read/crl/crl.ts';
import { formatPem } from '../../src/x509/read/pem.ts';
import { refused } from '../_helpers/refusal.ts';
import { changed, newPerson, Repository, type Result } from '../_helpers/run-cli.ts';

/** A node is stolen: it is removed first, and its recipient declared compromised after that, when the tree knows nothing of it. */

const alice = await newPerson();
const stolen = await newPerson();
const other = await newPerson();

interface Declared {
  readonly nodes: readonly string[];
  readonly app?: string;
  readonly more?: string;
}

const declare = ({ nodes, app = '', more = '' }: Declared): string => `
import * as pki from 'cdk8s-pki';
const app = new pki.App({ recipients: ['${alice.recipient}'], ${app} });
const prod = new pki.KubeadmCluster(app, 'prod', {
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'api.example.com',
  controlPlaneNodes: [${nodes.join(', ')}],
});
${more}
export default app;
`;

const node = (name: string, { recipient }: { readonly recipient: string }, at: number): string =>
  `{ name: '${name}', advertiseAddress: '10.0.0.${at}', recipients: ['${recipient}'] }`;
const FIRST = node('cp-1', other, 1);
const SECOND = node('cp-2', stolen, 2);

const at = (day: number): string => `2026-01-0${day}T00:00:00Z`;
const COMPROMISED = `removedRecipients: [{ recipient: '${stolen.recipient}', since: '${at(2)}', compromised: true }],`;

/** With two nodes on the first day, of which the second is removed on the next; nothing in the tree names its recipient then. */
async function removing(
  t: Pick<ExecutionContext, 'teardown'>,
  more = '',
): Promise<{ readonly repository: Repository; readonly said: string }> {
  const declared = declare({ nodes: [FIRST, SECOND], more });
  const repository = new Repository(t, { 'clusters/main.js': declared });
  const run = async (...args: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await repository.run(args, { as: alice });
    if (status !== 0) throw new Error(stderr);
    return stdout;
  };
  await run('synth', '--now', at(1));
  repository.commit('two nodes', at(1));
  repository.write('clusters/main.js', declare({ nodes: [FIRST] }));
  const said = await run('remove', 'prod/cp-2', '--now', at(2));
  await run('synth', '--now', at(2));
  repository.commit('one node', at(2));
  return { repository, said };
}

/** Made once. */
const cleanups: (() => unknown)[] = [];
const made = await removing({ teardown: (end) => cleanups.push(end) });
test.after.always(() => {
  for (const cleanup of cleanups) cleanup();
});

/** A clone of it. */
function removed(t: ExecutionContext): Repository {
  const repository = new Repository(t);
  repository.git('fetch', '-q', made.repository.root, 'main');
  repository.git('reset', '-q', '--hard', 'FETCH_HEAD');
  repository.write('.cdk8s-pki/.gitignore', '*\n'); // where the lock is, once it was run
  return repository;
}

test('a node that is removed leaves certificates that are good, which is said, and no trace of its recipient', (t) => {
  t.regex(
    made.said,
    /^note: 11 certificates of it are good until .*: cdk8s-pki revoke prod 'prod\/cp-2\/\*'$/mu,
  );
  for (const [file, text] of Object.entries(made.repository.files()))
    t.false(text.includes(stolen.recipient), file);
});

async function succeed(
  t: ExecutionContext,
  repository: Repository,
  ...args: readonly string[]
): Promise<Result> {
  const result = await repository.run(args, { as: alice });
  t.is(result.status, 0, result.stdout + result.stderr);
  return result;
}

async function planned(t: ExecutionContext, repository: Repository): Promise<string> {
  const { status, stdout, stderr } = await repository.run(['plan', '--now', at(3)]);
  t.is(status, 3, stderr);
  return stdout;
}

const named = (code: string, stdout: string): string[] =>
  [...stdout.matchAll(new RegExp(`^${code} (\\S+):`, 'gmu'))].map(([, name = '']) => name);

const ETCD = ['apiserver-etcd-client', 'etcd-healthcheck-client', 'etcd-peer', 'etcd-server'];
const LEFT = [...ETCD, 'front-proxy-client'].map((name) => `prod/cp-2/${name}`);

test('a node that is gone: its keys of authorities are to be rotated, its certificates of others revoked, and nothing else', async (t) => {
  const repository = removed(t);
  t.is((await repository.run(['plan', '--now', at(3)])).status, 0, 'nobody asks for it');
  repository.write('clusters/main.js', declare({ nodes: [FIRST], app: COMPROMISED }));
  const stdout = await planned(t, repository);
  t.deepEqual(named('RotationNeeded', stdout), ['prod/ca', 'prod/service-account-key'], stdout);
  t.deepEqual(named('RevocationNeeded', stdout), LEFT, stdout);
  t.false(stdout.includes('Exposed'), 'keys of the other node were never encrypted to it');
  t.false(stdout.includes("git's history has files"), 'it is known whose every key was');

  await succeed(t, repository, 'synth', '--now', at(3));
  repository.commit('remembered', at(3));
  t.deepEqual(named('RotationNeeded', await planned(t, repository)), [
    'prod/ca',
    'prod/service-account-key',
  ]);
});

test('a node that is gone: a tree that has another name since has the same history', async (t) => {
  const repository = removed(t);
  repository.git('mv', 'deploy', 'fleet');
  const app = `${COMPROMISED} tree: 'fleet',`;
  repository.write('clusters/main.js', declare({ nodes: [FIRST], app }));
  await succeed(t, repository, 'synth', '--now', at(3));
  repository.commit('another name', at(3));
  const stdout = await planned(t, repository);
  t.deepEqual(named('RotationNeeded', stdout), ['prod/ca', 'prod/service-account-key'], stdout);
  t.deepEqual(named('RevocationNeeded', stdout), LEFT, stdout);
  await succeed(t, repository, 'revoke', 'prod', 'cp-2/*', '--now', at(3));
  repository.commit('all of the node', at(3));
  t.deepEqual(named('RevocationNeeded', await planned(t, repository)), []);
  const { length } = Object.keys(repository.files()).filter((file) => /revocations/u.test(file));
  t.is(length, 3, 'of all its authorities');
});

test('a node that is gone: revoke takes its certificates by the names they had, and makes none anew', async (t) => {
  const repository = removed(t);
  repository.write('clusters/main.js', declare({ nodes: [FIRST], app: COMPROMISED }));
  await succeed(t, repository, 'synth', '--now', at(3));
  repository.commit('remembered', at(3));
  const before = repository.files();
  const was = repository.git('show', 'HEAD~2:deploy/prod/pki/cp-2/etcd-peer.sops.yaml');
  const { certificate } = parse(was) as { certificate: string };

  const hint = /cdk8s-pki revoke prod (prod\/cp-2\/etcd-peer) --reason (keyCompromise)$/mu;
  const [, name = '', reason = ''] = hint.exec(await planned(t, repository)) ?? [];
  const { stdout } = await succeed(
    t,
    repository,
    ...['revoke', 'prod', name, '--reason', reason, '--now', at(3)],
  );
  t.notRegex(stdout, /^issue /mu);
  t.regex(stdout, /^revoked prod\/cp-2\/etcd-peer: serial number [0-9A-F]+, good until /mu);
  t.notRegex(stdout, /new certificate/u);
  const node = 'deploy/prod/nodes/cp-1';
  t.deepEqual(
    changed(before, repository.files()).filter((file) => !/inventory/iu.test(file)),
    [
      `${node}/bundle.yaml`,
      `${node}/etc/kubernetes/manifests/etcd.yaml`,
      `${node}/etc/kubernetes/pki/etcd/ca.crl`,
      'deploy/prod/pki/etcd-ca/revocations.yaml',
    ],
  );
  const octets = readFileSync(repository.path(`${node}/etc/kubernetes/pki/etcd/ca.crl`));
  t.deepEqual(
    readCrl(formatPem('X509 CRL', octets)).revoked.map(({ serialNumber }) => serialNumber),
    [new X509Certificate(certificate).serialNumber],
  );
  repository.commit('revoked', at(3));
  const rest = LEFT.filter((path) => !path.endsWith('/etcd-peer'));
  t.deepEqual(named('RevocationNeeded', await planned(t, repository)), rest);

  await succeed(t, repository, 'revoke', 'prod', 'cp-2/*', '--now', at(3));
  repository.commit('all of the node', at(3));
  t.deepEqual(named('RevocationNeeded', await planned(t, repository)), []);
  await succeed(t, repository, 'verify', '--now', at(3));
});

test('a document that was forged in some commit says nothing: its authority did not sign that certificate', async (t) => {
  const repository = removed(t);
  const file = 'deploy/prod/pki/cp-2/apiserver.sops.yaml';
  const sound = repository.git('show', `HEAD~1:${file}`);
  const [, id = ''] = /^issuer: etcd-ca\/([0-9a-f]{16})$/mu.exec(
    repository.git('show', 'HEAD~1:deploy/prod/pki/cp-2/etcd-peer.sops.yaml'),
  ) ?? [''];
  repository.write(file, `${sound.replace(/^issuer: .*$/mu, `issuer: etcd-ca/${id}`)}\n`);
  repository.commit('forged', at(2));
  repository.remove('deploy/prod/pki/cp-2');
  repository.commit('taken back', at(2));
  repository.write('clusters/main.js', declare({ nodes: [FIRST], app: COMPROMISED }));
  t.deepEqual(named('RevocationNeeded', await planned(t, repository)), LEFT);
  await succeed(t, repository, 'synth', '--now', at(3));
  await succeed(t, repository, 'revoke', 'prod', 'cp-2/apiserver', '--now', at(3));
  const records = Object.keys(repository.files()).filter((path) => path.includes('revocations'));
  t.deepEqual(records, ['deploy/prod/pki/ca/revocations.yaml']);
});

test('a node that is gone: a name that it never had is unknown, and one whose certificates have all ended is refused', async (t) => {
  const repository = removed(t);
  const unknown = { code: 'ERR_USAGE', status: 2 } as const;
  const never = { ...unknown, message: /^"cp-2\/etcd" names no certificate/u, hint: /./u };
  await refused(t, repository, ['revoke', 'prod', 'cp-2/etcd', '--now', at(3)], never);
  const entry = repository.git('ls-tree', '--name-only', 'HEAD', 'deploy/prod/pki/ca/');
  const [id = ''] = /[0-9a-f]{16}/u.exec(entry) ?? [];
  const key = { ...unknown, message: /^"ca\/[0-9a-f]{16}" names no certificate/u, hint: /./u };
  await refused(t, repository, ['revoke', 'prod', `ca/${id}`, '--now', at(3)], key);
  const ended = {
    ...unknown,
    message: /^no certificate of .* is good any more$/u,
    hint: /expired/u,
  };
  const late = ['revoke', 'prod', 'cp-2/etcd-peer', '--now', '2027-06-01T00:00:00Z'];
  await refused(t, repository, late, ended);
});

test('a file that is gone and holds a key in a form of its own is named, since nobody can tell whose', async (t) => {
  const bundle = `
const web = new pki.Certificate(prod, 'web', { issuer: prod.etcdCa, profile: 'server', dnsNames: ['web.example.com'] });
new pki.NodeBundle(prod, 'proxy', {
  recipients: ['${stolen.recipient}'],
  files: {
    'etc/haproxy/web.pem': { content: \`\${web.certificate.pem}\${web.privateKey.pem}\`, secret: true },
    'etc/haproxy/web.key': { content: \`\${web.privateKey.pem}\`, secret: true },
  },
});`;
  const { repository } = await removing(t, bundle);
  repository.write('clusters/main.js', declare({ nodes: [FIRST], app: COMPROMISED }));
  const stdout = await planned(t, repository);
  t.deepEqual(named('RevocationNeeded', stdout), [...LEFT, 'prod/web']);
  t.regex(
    stdout,
    /^note: git's history has files .*: deploy\/prod\/nodes\/proxy\/etc\/haproxy\/web\.pem; replace /mu,
  );
});

test('a Secret that is gone: its leaf gets a new key, and its certificate of before is to be revoked by the name that it has', async (t) => {
  const web = `
const mesh = new pki.CertificateAuthority(prod, 'mesh');
const web = new pki.Certificate(prod, 'web', { issuer: mesh, profile: 'server', dnsNames: ['web.example.com'] });`;
  const secret = `${web}\nnew pki.TlsSecret(prod, 'web-tls', { certificate: web, namespace: 'web' });`;
  const delivered = `deliveryRecipients: ['${stolen.recipient}'],`;
  const repository = new Repository(t, {
    'clusters/main.js': declare({ nodes: [FIRST], more: secret, app: delivered }),
  });
  await succeed(t, repository, 'synth', '--now', at(1));
  repository.commit('delivered', at(1));
  repository.write('clusters/main.js', declare({ nodes: [FIRST], more: web }));
  await succeed(t, repository, 'synth', '--now', at(2));
  repository.commit('delivered no more', at(2));
  for (const [file, text] of Object.entries(repository.files()))
    t.false(text.includes(stolen.recipient), file);
  repository.write('clusters/main.js', declare({ nodes: [FIRST], more: web, app: COMPROMISED }));
  const stdout = await planned(t, repository);
  t.regex(stdout, /^issue prod\/web: Exposed, /mu);
  t.deepEqual(named('RevocationNeeded', stdout), ['prod/web']);
  t.deepEqual(named('RotationNeeded', stdout), []);

  await succeed(t, repository, 'synth', '--now', at(3));
  repository.commit('a new key', at(3));
  const after = await planned(t, repository);
  t.false(after.includes('Exposed'), 'the new key was never in those hands');
  t.deepEqual(named('RevocationNeeded', after), ['prod/web'], 'the old certificate is still good');
  await succeed(t, repository, 'revoke', 'prod', 'web', '--now', at(3));
  repository.commit('revoked', at(3));
  t.is((await repository.run(['plan', '--now', at(3)])).status, 0);
});

test('a Secret that is gone and held a key of an authority too: both are told, and what nothing explains is named', async (t) => {
  const mesh = `
const mesh = new pki.CertificateAuthority(prod, 'mesh');
const web = new pki.Certificate(prod, 'web', { issuer: prod.etcdCa, profile: 'server', dnsNames: ['web.example.com'] });`;
  const secret = (name: string, data: string): string => `
new ApiObject(prod, '${name}', { apiVersion: 'v1', kind: 'Secret', metadata: { name: '${name}' }, stringData: { ${data} } });`;
  const pair = (name: string, of: string): string =>
    `'${name}.crt': ${of}.certificate.pem, '${name}.key': ${of}.privateKey.pem`;
  const secrets = [
    secret('both', `${pair('ca', 'mesh')}, ${pair('tls', 'web')}`),
    secret('odd', `${pair('tls', 'web')}, password: 'a literal'`),
  ].join('');
  const app = `deliveryRecipients: ['${stolen.recipient}'], tree: 'infra/pki',`;
  const repository = new Repository(t);
  const write = (more: string, settings: string): void => {
    const imported = "import { ApiObject } from 'cdk8s';";
    const text = declare({ nodes: [FIRST], more, app: settings });
    repository.write('clusters/main.js', `${imported}${text}`);
  };
  write(mesh + secrets, app);
  await succeed(t, repository, 'synth', '--now', at(1));
  repository.commit('delivered', at(1));
  write(mesh, "tree: 'infra/pki',");
  await succeed(t, repository, 'synth', '--now', at(2));
  repository.commit('delivered no more', at(2));
  // what a user may have set, and a fleet that moves within its repository
  repository.git('config', 'log.showRoot', 'false');
  repository.git('config', 'log.diffMerges', 'off');
  write(mesh, `${COMPROMISED} tree: 'infra/pki',`);
  const stdout = await planned(t, repository);
  t.regex(stdout, /^issue prod\/web: Exposed, /mu);
  t.deepEqual(named('RotationNeeded', stdout), ['prod/mesh'], stdout);
  t.deepEqual(named('RevocationNeeded', stdout), ['prod/web'], stdout);
  t.regex(stdout, /^note: .*: infra\/pki\/prod\/manifests\/Secret\.odd\.sops\.yaml; replace /mu);
});

test('a cluster that is gone: its certificates of a shared authority are told, and revoked by the names they had', async (t) => {
  const app = (recipients: string, ...clusters: readonly string[]): string => `
import * as pki from 'cdk8s-pki';
const app = new pki.App({ recipients: ['${alice.recipient}'], ${recipients} });
const mesh = new pki.CertificateAuthority(app, 'mesh');
for (const name of ${JSON.stringify(clusters)}) {
  const cluster = new pki.Cluster(app, name);
  const web = new pki.Certificate(cluster, 'web', { issuer: mesh, profile: 'server', dnsNames: [name + '.example.com'] });
  new pki.TlsSecret(cluster, 'web-tls', { certificate: web, namespace: 'web' });
}
export default app;
`;
  const delivered = `deliveryRecipients: ['${stolen.recipient}'],`;
  const repository = new Repository(t, { 'clusters/main.js': app(delivered, 'old') });
  await succeed(t, repository, 'synth', '--now', at(1));
  repository.commit('old', at(1));
  repository.write('clusters/main.js', app('', 'new'));
  await succeed(t, repository, 'remove', 'old', '--now', at(2));
  await succeed(t, repository, 'synth', '--now', at(2));
  repository.commit('new', at(2));
  repository.write('clusters/main.js', app(COMPROMISED, 'new'));
  const stdout = await planned(t, repository);
  t.deepEqual(named('RevocationNeeded', stdout), ['old/web'], stdout);
  await succeed(t, repository, 'revoke', 'old', 'old/web', '--now', at(3));
  t.regex(repository.read('deploy/_shared/pki/mesh/revocations.yaml'), /credential: old\/web$/mu);
  repository.commit('revoked', at(3));
  t.is((await repository.run(['plan', '--now', at(3)])).status, 0);
});
