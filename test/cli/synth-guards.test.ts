import { mkdirSync } from 'node:fs';
import test from 'ava';
import { declaration } from '../_helpers/declaration.ts';
import { changed, newPerson, Repository, type Result } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const main = (over: Partial<Parameters<typeof declaration>[0]> = {}): string =>
  declaration({ recipients: [alice.recipient], ...over });

const KEYSET = 'deploy/prod/pki/ca';

async function made(
  t: ConstructorParameters<typeof Repository>[0],
  over: Partial<Parameters<typeof declaration>[0]> = {},
): Promise<{ repository: Repository; before: Record<string, string> }> {
  const repository = new Repository(t, { 'clusters/main.js': main(over) });
  const { status, stderr } = await repository.run(['synth']);
  if (status !== 0) throw new Error(stderr);
  repository.commit();
  return { repository, before: repository.files() };
}

const errorLine = ({ stderr }: Result): string =>
  (stderr.split('\n')[0] ?? '').replace(/^cdk8s-pki: error: | \[ERR_[A-Z_]+\]$/gu, '');
const hints = ({ stderr }: Result): string[] =>
  stderr
    .split('\n')
    .filter((line) => line.startsWith('cdk8s-pki: hint: '))
    .map((line) => line.slice('cdk8s-pki: hint: '.length));
const entryOf = (repository: Repository): string =>
  Object.keys(repository.files()).find((file) => /\/ca\/[0-9a-f]{16}\.sops\.yaml$/u.test(file)) ??
  '';

test('a deleted keyset is not made again; the command of the hint restores it', async (t) => {
  const { repository, before } = await made(t);
  repository.remove(KEYSET);
  const gone = repository.files();
  const result = await repository.run(['synth'], { as: alice });
  t.deepEqual(
    [result.status, result.stdout, errorLine(result)],
    [1, '', 'the store of "prod" lacks a keyset that was made before'],
  );
  t.deepEqual(repository.files(), gone);
  const command = /git checkout [^(]*/u.exec(hints(result)[0] ?? '')?.[0] ?? '';
  repository.paste(command);
  t.deepEqual(repository.files(), before);
  t.is((await repository.run(['plan'])).status, 0);
});

test('a keyset missed in a folder of a larger repository is found in its HEAD', async (t) => {
  const repository = new Repository(t, { 'infra/clusters/main.js': main() });
  t.is((await repository.run(['synth'], { folder: 'infra' })).status, 0);
  repository.commit();
  repository.remove('infra/deploy/authorities.yaml');
  repository.commit();
  repository.remove(`infra/${KEYSET}`);
  const result = await repository.run(['synth'], { folder: 'infra' });
  t.is(errorLine(result), 'the store of "prod" lacks a keyset that was made before');
});

test('--new-authority makes a deleted keyset anew, and everything that it signed', async (t) => {
  const { repository, before } = await made(t);
  repository.remove(KEYSET);
  const { status, stdout, stderr } = await repository.run(['synth', '--new-authority', 'prod/ca']);
  t.deepEqual([status, stderr], [0, '']);
  t.regex(stdout, /^create prod\/ca: Replaced, made anew: all that trust the old one refuse/u);
  t.regex(stdout, /^issue prod\/web: IssuerMissing, issuer "prod\/ca" is made anew$/mu);
  const ledger = repository.read('deploy/authorities.yaml');
  t.true(ledger.startsWith(before['deploy/authorities.yaml'] ?? 'x'));
  t.is(ledger.trimEnd().split('\n').length, 3);
  t.is((await repository.run(['plan'])).status, 0);
});

test('a deleted keyset.yaml beside its entry is missed, and can be restored', async (t) => {
  const { repository, before } = await made(t);
  repository.remove(`${KEYSET}/keyset.yaml`);
  const result = await repository.run(['synth']);
  t.is(errorLine(result), 'the store of "prod" lacks a keyset that was made before');
  t.regex(
    result.stderr,
    /^cdk8s-pki: {3}"deploy\/prod\/pki\/ca\/keyset\.yaml" is gone, the entries of prod\/ca are there$/mu,
  );
  repository.paste(/git checkout [^(]*/u.exec(hints(result)[0] ?? '')?.[0] ?? 'false');
  t.deepEqual(repository.files(), before);
});

for (const [what, damage] of [
  [
    'without its keyset.yaml',
    (repository) => {
      repository.remove(`${KEYSET}/keyset.yaml`);
    },
  ],
  [
    'without its entry',
    (repository) => {
      repository.remove(entryOf(repository));
    },
  ],
  [
    'with a damaged keyset.yaml',
    (repository) => {
      repository.write(`${KEYSET}/keyset.yaml`, '<<<<<<< HEAD\n');
    },
  ],
] as readonly (readonly [string, (repository: Repository) => void])[]) {
  test(`--new-authority replaces a keyset ${what}, and leaves nothing of the old one`, async (t) => {
    const { repository, before } = await made(t);
    const old = entryOf(repository);
    damage(repository);
    t.is((await repository.run(['plan'])).status, 1);
    t.is((await repository.run(['plan', '--new-authority', 'prod/ca'])).status, 3);
    const { status, stderr } = await repository.run(['synth', '--new-authority', 'prod/ca']);
    t.deepEqual([status, stderr], [0, '']);
    t.false(old in repository.files());
    t.true(
      repository
        .read('deploy/authorities.yaml')
        .startsWith(before['deploy/authorities.yaml'] ?? 'x'),
    );
    t.is((await repository.run(['plan'])).status, 0);
  });
}

test('--new-authority refuses a sound keyset, which is rotated instead', async (t) => {
  const { repository, before } = await made(t);
  for (const command of ['plan', 'synth']) {
    const result = await repository.run([command, '--new-authority', 'prod/ca'], { as: alice });
    t.deepEqual(
      [result.status, errorLine(result), hints(result)],
      [
        2,
        '--new-authority "prod/ca" names a keyset that is sound',
        [
          'rotate it instead, in stages that lock nobody out',
          "if its private key is lost for good, remove it first: git rm -r -- 'deploy/prod/pki/ca'",
        ],
      ],
    );
    t.deepEqual(repository.files(), before);
  }
});

test('a deleted entry is missed, and the command of the hint restores it', async (t) => {
  const { repository, before } = await made(t);
  const entry = entryOf(repository);
  repository.remove(entry);
  const result = await repository.run(['synth'], { as: alice });
  t.deepEqual([result.status, errorLine(result)], [1, `"${entry}" of keyset "prod/ca" is missing`]);
  repository.paste(hints(result)[0]?.replace('restore it from git: ', '') ?? 'false');
  t.deepEqual(repository.files(), before);
});

test('an edited keyset is refused', async (t) => {
  const { repository } = await made(t);
  const file = `${KEYSET}/keyset.yaml`;
  repository.write(file, repository.read(file).replace('revision: 1', 'revision: 2'));
  const edited = repository.files();
  const result = await repository.run(['synth'], { as: alice });
  t.deepEqual(
    [result.status, errorLine(result)],
    [1, `"${file}": this revision is not signed by the key that was issuing`],
  );
  t.deepEqual(repository.files(), edited);
});

test('a cluster that is no longer declared is an orphan, and nothing is written', async (t) => {
  const { repository } = await made(t, { clusters: ['prod', 'test'] });
  repository.write('clusters/main.js', main({ sans: ['new.example.com'] }));
  const before = repository.files();
  const result = await repository.run(['synth'], { as: alice });
  t.deepEqual(
    [result.status, errorLine(result)],
    [1, 'the tree has stores that the declaration does not know'],
  );
  t.true(result.stderr.includes('cdk8s-pki:   cluster "test" has a store but no declaration\n'));
  t.deepEqual(repository.files(), before);
});

test('a plain Chart is written plain, and goes with its declaration', async (t) => {
  const extra = `
const chart = new Chart(app, 'policies');
new ApiObject(chart, 'ns', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'web' } });
new ApiObject(chart, 'trust', {
  apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'trust' }, data: { 'ca.crt': prodCa.trustBundle.pem },
});`;
  const { repository } = await made(t, { extra });
  const folder = 'deploy/policies/manifests/';
  const files = Object.keys(repository.files()).filter((file) =>
    file.startsWith('deploy/policies/'),
  );
  t.deepEqual(files, [
    'deploy/policies/inventory.json',
    `${folder}ConfigMap.trust.yaml`,
    `${folder}Namespace.web.yaml`,
  ]);
  t.is(
    repository.read(`${folder}Namespace.web.yaml`),
    'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: web\n',
  );
  t.regex(
    repository.read(`${folder}ConfigMap.trust.yaml`),
    / {2}ca\.crt: \|\n {4}-----BEGIN CERTIFICATE-----\n/u,
  );
  t.is((await repository.run(['plan'])).status, 0);
  repository.write('clusters/main.js', main());
  t.is((await repository.run(['synth'])).status, 0);
  t.deepEqual(
    Object.keys(repository.files()).filter((file) => file.startsWith('deploy/policies/')),
    [],
  );
});

test('a certificate of another cluster can be shown, and follows it when it changes', async (t) => {
  const extra = `
new ApiObject(test, 'peer', {
  apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'peer' }, data: { 'web.crt': prodWeb.certificate.pem },
});`;
  const { repository, before } = await made(t, { clusters: ['prod', 'test'], extra });
  const file = 'deploy/test/manifests/ConfigMap.peer.yaml';
  repository.write(
    'clusters/main.js',
    main({ clusters: ['prod', 'test'], extra, algorithm: 'ECDSA-P384' }),
  );
  const planned = await repository.run(['plan', '-o', 'json']);
  t.true(planned.stdout.includes(file));
  t.is((await repository.run(['synth'], { as: alice })).status, 0);
  t.true(changed(before, repository.files()).includes(file));
  t.is((await repository.run(['plan'])).status, 0);
});

test('--cluster before the shared authority was made says what to make first', async (t) => {
  const extra = `
const root = new pki.CertificateAuthority(app, 'root', { subject: { commonName: 'root' } });
new pki.Certificate(prod, 'mesh', { issuer: root, profile: 'peer', dnsNames: ['mesh.example.com'] });`;
  const repository = new Repository(t, { 'clusters/main.js': main({ extra }) });
  const result = await repository.run(['synth', '--cluster', 'prod']);
  t.deepEqual(
    [result.status, errorLine(result), hints(result)],
    [
      1,
      'credential "_shared/root" is not in the store',
      ["make it first: cdk8s-pki synth --cluster '_shared'"],
    ],
  );
  repository.paste('rm -rf deploy');
});

// Faults of the place where it runs

test('a tree that cannot be written is left as it was, with a reason', async (t) => {
  const { repository } = await made(t);
  repository.write('clusters/main.js', main({ sans: ['new.example.com'] }));
  repository.remove('deploy/prod/INVENTORY.md');
  mkdirSync(repository.path('deploy/prod/INVENTORY.md'));
  repository.write('deploy/prod/INVENTORY.md/x', 'x');
  const before = repository.files();
  const result = await repository.run(['synth'], { as: alice });
  t.is(result.status, 1);
  t.regex(errorLine(result), /INVENTORY\.md/u);
  t.false(result.stderr.includes('this is a bug'));
  t.deepEqual(repository.files(), before);
});

test('CI=1: a long run is quiet on standard error', async (t) => {
  const repository = new Repository(t, {
    'clusters/main.js': main({ clusters: ['prod', 'test'] }),
  });
  const { status, stderr } = await repository.run(['synth'], { environment: { CI: '1' } });
  t.deepEqual([status, stderr], [0, '']);
});
