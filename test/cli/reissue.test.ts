import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { changed, newPerson, Repository, type Result, synthesized } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const START = '2026-01-01T00:00:00Z';
const LATER = '2026-03-01T00:00:00Z';

const MAIN = `
import * as pki from 'cdk8s-pki';
const { Duration } = pki;
const app = new pki.App({ recipients: ['${alice.recipient}'] });
const root = new pki.CertificateAuthority(app, 'root');
const prod = new pki.KubeadmCluster(app, 'prod', {
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'api.example.com',
  controlPlaneNodes: [{ name: 'cp-1', advertiseAddress: '10.0.0.11', recipients: ['${alice.recipient}'] }],
  workerNodes: [{ name: 'w-1' }],
});
new pki.Kubeconfig(prod, 'deployer', { user: 'deployer' });
const mesh = new pki.CertificateAuthority(prod, 'mesh', { issuer: root, validity: Duration.days(1000) });
const web = new pki.Certificate(prod, 'web', { issuer: mesh, profile: 'server', dnsNames: ['web.example.com'] });
new pki.TlsSecret(prod, 'web-tls', { certificate: web, namespace: 'default' });
export default app;
`;

const made = (t: ExecutionContext): Promise<Repository> => synthesized(t, MAIN, START);

const reissue = (repository: Repository, ...args: readonly string[]): Promise<Result> =>
  repository.run(['reissue', ...args], { as: alice });

/** One line of base64 of each certificate in a document of the store. */
function bodyOf(repository: Repository, keyset: string): string {
  const folder = `deploy/${keyset.replace('/', '/pki/')}/`;
  const [file = ''] = Object.keys(repository.files()).filter(
    (path) => path.startsWith(folder) && path.endsWith('.sops.yaml'),
  );
  const { certificate } = parse(repository.read(file)) as { certificate: string };
  return certificate.split('\n').slice(1, -2).join('');
}

/** Files of the tree that have a certificate: as PEM, folded in YAML, or in base64 once more. */
function holders(repository: Repository, body: string): string[] {
  const pem = `-----BEGIN CERTIFICATE-----\n${body.replaceAll(/.{64}/gu, '$&\n')}`;
  const again = Buffer.from(pem).toString('base64').slice(0, -8);
  return Object.entries(repository.files())
    .filter(([path]) => path.startsWith('deploy/'))
    .filter(([, content]) => {
      const flat = content.replaceAll(/\s/gu, '');
      return flat.includes(body) || flat.includes(again);
    })
    .map(([path]) => path);
}

for (const keyset of [
  'prod/ca',
  'prod/etcd-ca',
  'prod/front-proxy-ca',
  'prod/mesh',
  '_shared/root',
])
  test(`reissue ${keyset}: every file that holds the certificate has the new one, no leaf is issued again, and nothing is left to do`, async (t) => {
    const repository = await made(t);
    const before = repository.files();
    const old = bodyOf(repository, keyset);
    const holding = holders(repository, old);
    t.true(holding.length > 0);
    const { status, stdout, stderr } = await reissue(
      repository,
      ...keyset.split('/'),
      '--now',
      LATER,
    );
    t.is(status, 0, stderr);
    t.regex(
      stdout,
      new RegExp(
        `^reissue ${keyset}: Reissue, the certificate of [0-9a-f]{16} is signed again`,
        'u',
      ),
    );
    t.regex(stdout, /^deadline: the certificate before is good until 20/mu);
    t.deepEqual(holders(repository, old), []);
    t.deepEqual(holders(repository, bodyOf(repository, keyset)), holding);
    const files = changed(before, repository.files());
    for (const file of holding) t.true(files.includes(file), file);
    const others =
      /keyset\.yaml$|authorities\.yaml$|^deploy\/prod\/pki\/(?:cp-1\/|web\.|deployer\.)/u;
    t.deepEqual(
      files.filter((file) => others.test(file)),
      [],
      'neither a keyset, nor the ledger, nor a leaf',
    );
    const plan = await repository.run(['plan', '--now', LATER]);
    t.deepEqual([plan.status, plan.stdout], [0, 'nothing to do: 2 clusters are as declared\n']);
    const gate = await repository.run(['verify', '--base', 'HEAD', '--now', LATER]);
    t.is(gate.status, 0, gate.stdout);
    t.regex(
      gate.stdout,
      new RegExp(`^note AuthorityReissued: authority reissued: ${keyset}: `, 'mu'),
    );
  });

test('verify: a reissue that lives longer than is declared is a finding, and so is the certificate before', async (t) => {
  const repository = await made(t);
  t.is((await reissue(repository, 'prod', 'ca', '--now', LATER)).status, 0);
  const early = await repository.run(['verify', '--base', 'HEAD', '--now', '2026-02-28T00:00:00Z']);
  t.is(early.status, 3, early.stdout);
  t.regex(early.stdout, /^warning AuthorityReissued: /mu);
  repository.commit('reissue', LATER);
  repository.git('checkout', '-q', 'HEAD~1', '--', 'deploy');
  const back = await repository.run(['verify', '--base', 'HEAD', '--now', LATER]);
  t.is(back.status, 3, back.stdout);
  t.regex(back.stdout, /^error OlderCertificate: .*prod\/ca: /mu);
});

test('reissue: an authority that has ended already works, and the report says that nobody accepts it until then', async (t) => {
  const repository = await made(t);
  const now = '2036-01-01T00:00:00Z';
  const check = await repository.run(['check', '--now', '2035-11-01T00:00:00Z']);
  t.regex(
    check.stdout,
    /^prod\/ca is not renewed by itself: cdk8s-pki rotate prod ca \(.*\) or cdk8s-pki reissue prod ca \(/mu,
  );
  const { status, stdout, stderr } = await reissue(repository, 'prod', 'ca', '--now', now);
  t.is(status, 0, stderr);
  t.regex(
    stdout,
    /^deadline: the certificate before ended on 2035-12-30T00:00:00.000Z: whoever has only that one refuses everybody/mu,
  );
  const renewed = await repository.run(['renew', '--now', now, '--cluster', 'prod'], { as: alice });
  t.regex(renewed.stdout, /^issue prod: 7 credentials: Expired, /mu);
});

test('reissue: an authority below one that ends too soon waits for that', async (t) => {
  const repository = await made(t);
  const late = ['prod', 'mesh', '--now', '2035-06-01T00:00:00Z'];
  const refused = await reissue(repository, ...late);
  t.is(refused.status, 1);
  t.regex(refused.stderr, /the issuer of "prod\/mesh" ends on 2035-12-30.*\[ERR_ISSUE\]/u);
  t.regex(refused.stderr, /hint: rotate the issuer first, or reissue it/u);
  t.is((await reissue(repository, '_shared', 'root', '--now', '2035-06-01T00:00:00Z')).status, 0);
  t.is((await reissue(repository, ...late)).status, 0);
});

test('reissue: between two stages it moves neither their states nor their soak', async (t) => {
  const repository = await made(t);
  const rotate = async (now: string): Promise<Result> =>
    repository.run(['rotate', 'prod', 'ca', '--now', now], { as: alice });
  t.is((await rotate('2026-01-02T00:00:00Z')).status, 0);
  repository.commit('accept', '2026-01-02T00:00:00Z');
  t.is((await reissue(repository, 'prod', 'ca', '--now', '2026-01-02T20:00:00Z')).status, 0);
  repository.commit('reissue', '2026-01-02T20:00:00Z');
  const early = await rotate('2026-01-02T23:59:59Z');
  t.regex(early.stderr, /may not follow before 2026-01-03T00:00:00.000Z/u);
  t.is((await rotate('2026-01-03T00:00:00Z')).status, 0);
  repository.commit('issue', '2026-01-03T00:00:00Z');
  const again = await reissue(repository, 'prod', 'ca', '--now', '2026-01-04T00:00:00Z');
  t.is(again.status, 0, again.stderr);
  const plan = await repository.run(['plan', '--now', '2026-01-04T00:00:00Z']);
  t.is(plan.status, 0, plan.stdout);
});

test('reissue: an authority whose issuer moved on needs the stages of a rotation', async (t) => {
  const repository = await made(t);
  for (const now of ['2026-01-02T00:00:00Z', '2026-01-04T00:00:00Z']) {
    t.is(
      (await repository.run(['rotate', '_shared', 'root', '--now', now], { as: alice })).status,
      0,
    );
    repository.commit('a stage', now);
  }
  const before = repository.files();
  const refused = await reissue(repository, 'prod', 'mesh', '--now', '2026-01-05T00:00:00Z');
  t.is(refused.status, 1);
  t.regex(
    refused.stderr,
    /"prod\/mesh" was signed by "_shared\/root\/[0-9a-f]{16}", which does not issue it any more \[ERR_ROTATION\]/u,
  );
  t.regex(refused.stderr, /hint: .*cdk8s-pki rotate prod mesh/u);
  t.deepEqual(repository.files(), before);
});

const REFUSALS: readonly (readonly [string, number, RegExp, readonly string[]])[] = [
  [
    'a service-account key',
    1,
    /"prod\/service-account-key" has no certificate, and so no end \[ERR_ROTATION\][^]*hint: .*cdk8s-pki rotate prod service-account-key/u,
    ['prod', 'service-account-key'],
  ],
  ['an unknown keyset', 2, /"prod\/cA" is no keyset of the store/u, ['prod', 'cA']],
  ['no keyset', 2, /missing required argument "keyset"/u, ['prod']],
  [
    'one that would live no longer',
    1,
    /the certificate of "prod\/ca" ends on 2035-12-30T00:00:00.000Z, and signed again it would end on the same/u,
    ['prod', 'ca', '--now', START],
  ],
];

for (const [what, status, message, args] of REFUSALS)
  test(`reissue: ${what} is refused, and nothing is written`, async (t) => {
    const repository = await made(t);
    const before = repository.files();
    const result = await reissue(repository, '--now', LATER, ...args);
    t.is(result.status, status, result.stdout);
    t.regex(result.stderr, message);
    t.deepEqual(repository.files(), before);
  });

test('reissue: needs an identity, and a tree that is as declared; --dry-run says what it would do, in JSON too', async (t) => {
  const repository = await made(t);
  const before = repository.files();
  const args = ['reissue', 'prod', 'ca', '--now', LATER];
  const without = await repository.run(args);
  t.is(without.status, 1);
  t.regex(without.stderr, /need an identity of a custodian \[ERR_IDENTITY_NEEDED\]/u);
  const dry = await repository.run([...args, '--dry-run', '-o', 'json']);
  t.is(dry.status, 0, dry.stderr);
  const { actions, files, warnings, steps } = JSON.parse(dry.stdout) as Record<
    'actions' | 'files' | 'steps',
    object[]
  > & { warnings: readonly string[] };
  t.regex(warnings.join('\n'), /^deadline: /u);
  t.true(steps.some((one) => JSON.stringify(one).includes('"commands":["')));
  t.like(actions[0], {
    action: 'reissue',
    credential: 'prod/ca',
    reason: 'Reissue',
    needsIdentity: true,
  });
  t.true(files.some((file) => JSON.stringify(file).includes('/pki/ca/')));
  t.deepEqual(repository.files(), before);
  repository.write('clusters/main.js', MAIN.replace('web.example.com', 'www.example.com'));
  const dirty = await repository.run(args, { as: alice });
  t.is(dirty.status, 1);
  t.regex(dirty.stderr, /the tree is not as declared: this must be alone in its change/u);
});
