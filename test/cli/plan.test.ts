import test from 'ava';
import { declaration } from '../_helpers/declaration.ts';
import { newPerson, Repository } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const bob = await newPerson();
const main = (over: Partial<Parameters<typeof declaration>[0]> = {}): string =>
  declaration({ recipients: [alice.recipient], ...over });

interface Plan {
  readonly actions: readonly Readonly<Record<string, unknown>>[];
  readonly files: readonly { readonly path: string; readonly change: string }[];
}

test('plan: a fresh tree is exit 3, needs no identity and changes nothing', async (t) => {
  const repository = new Repository(t, { 'clusters/main.js': main() });
  const before = repository.files();
  const { status, stdout, stderr } = await repository.run(['plan']);
  t.deepEqual([status, stderr], [3, '']);
  t.is(
    stdout,
    [
      'create prod/ca: Missing, the store has no such keyset',
      'issue prod/web: Missing, the store has no such credential',
      'files: 8 to create, and 1 more, named by its new key',
      '',
    ].join('\n'),
  );
  t.deepEqual(repository.files(), before);
});

test('plan: a current tree is exit 0', async (t) => {
  const repository = new Repository(t, { 'clusters/main.js': main() });
  await repository.run(['synth']);
  t.deepEqual(await repository.run(['plan']), {
    status: 0,
    stdout: 'nothing to do: 1 cluster is as declared\n',
    stderr: '',
  });
});

test('plan: JSON has actions and files, exactly as DESIGN says', async (t) => {
  const repository = new Repository(t, { 'clusters/main.js': main() });
  await repository.run(['synth']);
  repository.write(
    'clusters/main.js',
    main({
      sans: ['web.example.com', 'b.example.com'],
      extra: `new pki.Certificate(prod, 'ann', { issuer: prodCa, profile: 'client', subject: { commonName: 'ann' } });`,
    }),
  );
  const { status, stdout, stderr } = await repository.run(['plan', '--output', 'json']);
  t.deepEqual([status, stderr], [3, '']);
  const { actions, files } = JSON.parse(stdout) as Plan;
  t.deepEqual(actions, [
    {
      action: 'issue',
      cluster: 'prod',
      credential: 'prod/web',
      reason: 'SansChanged',
      message: 'subject alternative names: added DNS:b.example.com',
      needsIdentity: true,
    },
    {
      action: 'issue',
      cluster: 'prod',
      credential: 'prod/ann',
      reason: 'Missing',
      message: 'the store has no such credential',
      needsIdentity: true,
    },
  ]);
  t.deepEqual(files.map(({ path, change }) => `${change} ${path}`).sort(), [
    'create deploy/prod/pki/ann.sops.yaml',
    'update deploy/prod/INVENTORY.md',
    'update deploy/prod/inventory.json',
    'update deploy/prod/manifests/Secret.default.web-tls.sops.yaml',
    'update deploy/prod/pki/web.sops.yaml',
  ]);
});

test('plan: text marks what needs an identity', async (t) => {
  const repository = new Repository(t, { 'clusters/main.js': main() });
  await repository.run(['synth']);
  repository.write('clusters/main.js', main({ algorithm: 'ECDSA-P384' }));
  const { status, stdout } = await repository.run(['plan']);
  t.is(status, 3);
  t.is(
    stdout,
    [
      'issue prod/web: KeyAlgorithmChanged, key algorithm was ECDSA-P256, is declared ECDSA-P384 [needs an identity]',
      'files: 4 to update',
      '',
    ].join('\n'),
  );
});

test('plan: an expired leaf is not synth’s to renew, an authority near its end is a finding', async (t) => {
  const repository = new Repository(t, { 'clusters/main.js': main() });
  await repository.run(['synth', '--now', '2026-01-01T00:00:00Z']);
  const later = await repository.run(['plan', '--now', '2027-06-01T00:00:00Z']);
  t.deepEqual(later, {
    status: 0,
    stdout: 'nothing to do: 1 cluster is as declared\n',
    stderr: '',
  });
  const end = await repository.run(['plan', '--now', '2035-12-01T00:00:00Z']);
  t.is(end.status, 3);
  t.regex(
    end.stdout,
    /^RotationNeeded prod\/ca: due for rotation since 2034-11-\d\dT00:00:00\.000Z: cdk8s-pki rotate prod ca .* or cdk8s-pki reissue prod ca /mu,
  );
});

test('plan: --cluster looks at the named clusters alone', async (t) => {
  const repository = new Repository(t, {
    'clusters/main.js': main({ clusters: ['prod', 'test'] }),
  });
  const { status, stdout } = await repository.run(['plan', '--cluster', 'te?t']);
  t.is(status, 3);
  t.true(stdout.includes('create test/ca'));
  t.false(stdout.includes('prod'));
});

test('plan: a shared authority and what uses it need no identity while all is new', async (t) => {
  const repository = new Repository(t, {
    'clusters/main.js': main({
      clusters: ['prod', 'test'],
      extra: `
const root = new pki.CertificateAuthority(app, 'root', { subject: { commonName: 'root' } });
for (const cluster of [prod, test]) {
  new pki.Certificate(cluster, 'mesh', { issuer: root, profile: 'peer', dnsNames: ['mesh.example.com'] });
}`,
    }),
  });
  const { stdout } = await repository.run(['plan', '--output', 'json']);
  const { actions } = JSON.parse(stdout) as Plan;
  t.deepEqual(
    actions.map(({ credential, needsIdentity }) => [credential, needsIdentity]),
    [
      ['_shared/root', false],
      ['prod/ca', false],
      ['prod/web', false],
      ['prod/mesh', false],
      ['test/ca', false],
      ['test/web', false],
      ['test/mesh', false],
    ],
  );
  t.is((await repository.run(['synth'])).status, 0);
  t.is((await repository.run(['plan'])).status, 0);
});

test('plan: changed recipients are re-encrypted, and outputs with them', async (t) => {
  const repository = new Repository(t, { 'clusters/main.js': main() });
  await repository.run(['synth']);
  repository.write('clusters/main.js', main({ recipients: [alice.recipient, bob.recipient] }));
  const { status, stdout } = await repository.run(['plan']);
  t.is(status, 3);
  t.is(
    stdout,
    [
      `reencrypt prod/ca: RecipientsChanged, added ${bob.recipient} [needs an identity]`,
      `reencrypt prod/web: RecipientsChanged, added ${bob.recipient} [needs an identity]`,
      `write prod/web: RecipientsChanged, of a manifest: added ${bob.recipient} [needs an identity]`,
      'files: 4 to update',
      '',
    ].join('\n'),
  );
});

test('plan: never colours where standard output is no terminal', async (t) => {
  const repository = new Repository(t, { 'clusters/main.js': main() });
  for (const environment of [{}, { NO_COLOR: '1' }, { FORCE_COLOR: '1', TERM: 'xterm-256color' }]) {
    const { stdout, stderr } = await repository.run(['plan'], { environment });
    t.false(`${stdout}${stderr}`.includes('\u001B'));
  }
});
