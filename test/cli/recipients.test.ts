import test from 'ava';
import { load } from 'js-yaml';
import { AgeIdentity } from '../../src/sops/age/identity.ts';
import { unwrapDataKey } from '../../src/sops/age/data-key.ts';
import { metadataOf } from '../../src/sops/document/metadata.ts';
import { committed, refused, synthesized, type Files } from '../_helpers/refusal.ts';
import { newPerson, type Person, Repository } from '../_helpers/run-cli.ts';

const [alice, bob, node, flux] = await Promise.all([
  newPerson(),
  newPerson(),
  newPerson(),
  newPerson(),
]);

interface Readers {
  readonly custodians?: readonly Person[];
  readonly delivery?: readonly Person[];
  readonly nodes?: readonly Person[];
  readonly removed?: readonly (readonly [Person, string, boolean?])[];
}

/** A cluster with a node's bundle, a manifest and a kubeconfig. */
function main({ custodians = [alice], delivery = [], nodes = [], removed = [] }: Readers): string {
  const list = (people: readonly Person[]): string =>
    JSON.stringify(people.map(({ recipient }) => recipient));
  const gone = removed.map(([{ recipient }, since, compromised = false]) => ({
    recipient,
    since,
    compromised,
  }));
  return `
import * as pki from 'cdk8s-pki';
const app = new pki.App({
  recipients: ${list(custodians)},
  deliveryRecipients: ${list(delivery)},
  removedRecipients: ${JSON.stringify(gone)},
});
const prod = new pki.KubeadmCluster(app, 'prod', {
  controlPlaneEndpoint: 'api.example.com',
  controlPlaneNodes: [{ name: 'cp-1', advertiseAddress: '10.0.0.11', recipients: ${list(nodes)} }],
});
const web = new pki.Certificate(prod, 'web', { issuer: prod.ca, profile: 'server', dnsNames: ['web.example.com'] });
new pki.TlsSecret(prod, 'web-tls', { certificate: web, namespace: 'default' });
new pki.Kubeconfig(prod, 'deployer', { user: 'deployer', groups: ['deployers'] });
export default app;
`;
}

const SINCE = '2026-11-22';
const NOW = ['--now', '2026-11-22T12:00:00Z'];
let everybody: Files;
const ALL: Readers = { custodians: [alice, bob], delivery: [flux], nodes: [node] };

test.before(async () => {
  const files = await synthesized([alice], { clusters: [] });
  const cleanups: (() => unknown)[] = [];
  const repository = committed(
    { teardown: (cleanup: () => unknown) => cleanups.push(cleanup) },
    { ...files, 'clusters/main.js': main(ALL) },
  );
  const { status, stderr } = await repository.run(['synth', '--now', '2026-11-21T12:00:00Z']);
  if (status !== 0) throw new Error(stderr);
  everybody = repository.files();
  for (const cleanup of cleanups) cleanup();
});

const metadata = (text: string): ReturnType<typeof metadataOf> => {
  const format = text.startsWith('{') ? 'binary' : 'yaml';
  return metadataOf(format === 'binary' ? JSON.parse(text) : load(text), format);
};

const encrypted = (files: Files): string[] =>
  Object.keys(files).filter((file) => /^\s*"?sops"?:/mu.test(files[file] ?? ''));

const readableBy = (files: Files, { recipient }: Person): string[] =>
  encrypted(files).filter((file) => metadata(files[file] ?? '').recipients.includes(recipient));

async function dataKey(text: string): Promise<string> {
  const identity = await AgeIdentity.parse(alice.identity);
  if (identity === undefined) throw new TypeError('no identity');
  const key = await unwrapDataKey(metadata(text).age, { list: [identity], unusable: [] });
  return Buffer.from(key).toString('hex');
}

interface Planned {
  readonly actions: readonly {
    readonly action: string;
    readonly credential: string;
    readonly reason: string;
    readonly message: string;
  }[];
  readonly findings: readonly {
    readonly code: string;
    readonly credential: string;
    readonly message: string;
  }[];
}

async function planned(repository: Repository): Promise<Planned> {
  const { stdout } = await repository.run(['plan', '-o', 'json', ...NOW]);
  return JSON.parse(stdout) as Planned;
}

const exposed = ({ actions }: Planned): string[] =>
  actions
    .filter(({ reason }) => reason === 'Exposed')
    .map(({ credential }) => credential)
    .sort();

test('the tree to start from has files for each role', (t) => {
  const count = (person: Person): number => readableBy(everybody, person).length;
  t.is(count(alice), count(bob));
  t.deepEqual(readableBy(everybody, flux), [
    'deploy/prod/manifests/Secret.default.web-tls.sops.yaml',
  ]);
  t.true(readableBy(everybody, node).length > 10);
  t.true(readableBy(everybody, node).every((file) => file.startsWith('deploy/prod/nodes/cp-1/')));
});

test('a removed custodian loses every file, each under a new data key; history is named', async (t) => {
  const repository = committed(t, everybody);
  repository.write(
    'clusters/main.js',
    main({ ...ALL, custodians: [alice], removed: [[bob, SINCE]] }),
  );
  const { actions } = await planned(repository);
  t.deepEqual(
    [
      ...new Set(actions.map(({ action, reason, message }) => `${action} ${reason} ${message}`)),
    ].sort(),
    [
      `reencrypt RecipientsChanged removed ${bob.recipient}`,
      `write RecipientsChanged of a kubeconfig: removed ${bob.recipient}`,
      `write RecipientsChanged of a manifest: removed ${bob.recipient}`,
      `write RecipientsChanged of a node bundle: removed ${bob.recipient}`,
    ],
  );
  await refused(t, repository, ['synth', ...NOW], {
    code: 'ERR_IDENTITY_NEEDED',
    message: `${actions.length} actions need an identity of a custodian`,
    hint: /SOPS_AGE_KEY_FILE/u,
  });
  const { status, stdout } = await repository.run(['synth', ...NOW], { as: alice });
  t.is(status, 0);
  t.regex(
    stdout,
    /^note: git's history keeps the old copies: who is removed can open them for ever/mu,
  );
  const after = repository.files();
  t.deepEqual(readableBy(after, bob), []);
  const before = readableBy(everybody, bob);
  t.deepEqual(readableBy(after, alice), before);
  for (const file of before) {
    const [was, is] = await Promise.all([
      dataKey(everybody[file] ?? ''),
      dataKey(after[file] ?? ''),
    ]);
    t.not(is, was, file);
  }
  t.is((await repository.run(['plan', ...NOW])).status, 0);
});

test('an added custodian is planned and gets every file', async (t) => {
  const carol = await newPerson();
  const repository = committed(t, everybody);
  repository.write('clusters/main.js', main({ ...ALL, custodians: [alice, bob, carol] }));
  t.is((await repository.run(['synth', ...NOW], { as: alice })).status, 0);
  const after = repository.files();
  t.deepEqual(readableBy(after, carol), readableBy(everybody, alice));
  t.is((await repository.run(['plan', ...NOW])).status, 0);
});

/** What is left of a node whose cluster CA is to be rotated. */
const OF_OTHERS = ['apiserver-etcd-client', 'etcd-healthcheck-client', 'etcd-peer', 'etcd-server']
  .concat('front-proxy-client')
  .map((name) => `prod/cp-1/${name}`);

for (const [who, person, readers, leaves, authorities, revocations] of [
  [
    'node',
    node,
    { ...ALL, nodes: [] },
    (name: string) => name.startsWith('prod/cp-1/'),
    ['prod/ca', 'prod/service-account-key'],
    OF_OTHERS,
  ],
  [
    'delivery recipient',
    flux,
    { ...ALL, delivery: [] },
    (name: string) => name === 'prod/web',
    [],
    ['prod/web'],
  ],
  [
    'custodian',
    bob,
    { ...ALL, custodians: [alice] },
    () => true,
    ['prod/ca', 'prod/etcd-ca', 'prod/front-proxy-ca', 'prod/service-account-key'],
    [],
  ],
] as const) {
  const found = [
    ...authorities.map((path) => `RotationNeeded ${path}`),
    ...revocations.map((path) => `RevocationNeeded ${path}`),
  ].sort();
  const named = ({ findings }: Planned): string[] =>
    findings.map(({ code, credential }) => `${code} ${credential}`).sort();
  test(`a compromised ${who}: what it could open is issued again, at once or when it is found out later`, async (t) => {
    const all = Object.keys(everybody)
      .filter((file) => /^deploy\/prod\/pki\/.*\.sops\.yaml$/u.test(file))
      .map((file) => file.replace('deploy/', '').replace('/pki/', '/').replace('.sops.yaml', ''))
      .filter((name) => !/\/[0-9a-f]{16}$/u.test(name))
      .sort();
    const expected = all.filter(leaves);
    t.true(expected.length > 0);
    const repository = committed(t, everybody);
    const declare = (compromised: boolean): void => {
      repository.write(
        'clusters/main.js',
        main({ ...readers, removed: [[person, SINCE, compromised]] }),
      );
    };
    const check = async (message: RegExp): Promise<void> => {
      const plan = await planned(repository);
      t.deepEqual(exposed(plan), expected);
      t.deepEqual(named(plan), found);
      for (const finding of plan.findings)
        if (finding.code === 'RotationNeeded') t.regex(finding.message, message);
    };
    declare(true);
    await check(/is encrypted to the compromised recipient/u);
    declare(false);
    t.is((await repository.run(['synth', ...NOW], { as: alice })).status, 0);
    t.deepEqual(readableBy(repository.files(), person), []);
    t.is((await repository.run(['plan', ...NOW])).status, 0);
    declare(true);
    await check(/was encrypted to the compromised recipient/u);
    const { status, stdout } = await repository.run(['synth', ...NOW], { as: alice });
    t.is(status, 0);
    t.false(stdout.includes('say compromised: true'), 'it was said');
    const again = await repository.run(['synth', ...NOW]);
    t.is(again.status, 0);
    t.regex(again.stdout, /^nothing to do for synth; \d findings? needs? a person$/mu);
    const done = await planned(repository);
    t.deepEqual([done.actions, exposed(done)], [[], []]);
    t.deepEqual(named(done), found, 'they stay named until a person sees to them');
  });
}

for (const [title, removed, message, details] of [
  [
    'a date that is to come',
    [[bob, '2027-01-01']],
    'removedRecipients has a date that is to come',
    [`${bob.recipient} since 2027-01-01`],
  ],
  ['a date that is none', [[bob, '2026-02-30']], 'the declaration has 1 problem', undefined],
  ['a word for a date', [[bob, 'monday']], 'the declaration has 1 problem', undefined],
  [
    'a recipient twice',
    [
      [bob, SINCE],
      [bob, SINCE],
    ],
    'the declaration has 1 problem',
    undefined,
  ],
  ['a recipient that is declared', [[alice, SINCE]], 'the declaration has 1 problem', undefined],
] as const) {
  test(`removedRecipients with ${title} is refused`, async (t) => {
    const repository = committed(t, everybody);
    repository.write('clusters/main.js', main({ ...ALL, custodians: [alice], removed }));
    await refused(
      t,
      repository,
      ['synth', ...NOW],
      {
        code: 'ERR_DECLARATION_INVALID',
        message,
        ...(details === undefined ? {} : { details }),
        hint: /./u,
      },
      { as: alice },
    );
  });
}

test('a custodian of one cluster who leaves it and stays in another is planned out of its files', async (t) => {
  const two = (prod: readonly string[]): string => `
import * as pki from 'cdk8s-pki';
const app = new pki.App({ recipients: ['${alice.recipient}'] });
for (const [name, recipients] of Object.entries({
  prod: ${JSON.stringify(prod)},
  test: ['${alice.recipient}', '${bob.recipient}'],
})) {
  const cluster = new pki.Cluster(app, name, { recipients });
  const issuer = new pki.CertificateAuthority(cluster, 'ca', { subject: { commonName: name } });
  new pki.Certificate(cluster, 'web', { issuer, profile: 'server', dnsNames: ['web.example.com'] });
}
export default app;
`;
  const repository = new Repository(t, {
    'clusters/main.js': two([alice.recipient, bob.recipient]),
  });
  await repository.run(['synth']);
  repository.commit();
  repository.write('clusters/main.js', two([alice.recipient]));
  const { status, stdout, stderr } = await repository.run(['synth'], { as: alice });
  t.is(status, 0, stderr);
  t.regex(stdout, new RegExp(`reencrypt prod/web: RecipientsChanged, .*removed ${bob.recipient}`));
  t.notRegex(stdout, /test\//);
  t.false(repository.read('deploy/prod/pki/web.sops.yaml').includes(`recipient: ${bob.recipient}`));
  t.is((await repository.run(['plan'])).status, 0);
});
