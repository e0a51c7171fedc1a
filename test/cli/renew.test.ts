import { renameSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { declaration } from '../_helpers/declaration.ts';
import { changed, newPerson, Repository, type Result } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const START = '2026-11-22T08:00:00Z';
const LATER = '2026-12-22T08:00:00Z';

/** A control plane of two nodes with short-lived additions, and another cluster beside it. */
const KUBEADM = `
import * as pki from 'cdk8s-pki';
const { Duration } = pki;
const app = new pki.App({ recipients: ['${alice.recipient}'], defaults: { jitter: Duration.days(0) } });
const prod = new pki.KubeadmCluster(app, 'prod', {
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'api.example.com',
  controlPlaneNodes: [
    { name: 'cp-1', advertiseAddress: '10.0.0.11' },
    { name: 'cp-2', advertiseAddress: '10.0.0.12' },
  ],
});
const life = { validity: Duration.days(40), renewBeforePercentage: 25 };
const web = new pki.Certificate(prod, 'web', { issuer: prod.ca, profile: 'server', dnsNames: ['web.example.com'], ...life });
new pki.TlsSecret(prod, 'web-tls', { certificate: web, namespace: 'default' });
const api = new pki.Certificate(prod, 'api', { issuer: prod.ca, profile: 'server', dnsNames: ['api.example.com'] });
new pki.TlsSecret(prod, 'api-tls', { certificate: api, namespace: 'default' });
new pki.Kubeconfig(prod, 'deployer', { user: 'deployer', ...life });
export default app;
`;

async function made(t: ExecutionContext, main: string): Promise<Repository> {
  const repository = new Repository(t, { 'clusters/main.js': main });
  const { status, stderr } = await repository.run(['synth', '--now', START]);
  t.is(status, 0, stderr);
  repository.commit();
  return repository;
}

const renew = (repository: Repository, ...args: readonly string[]): Promise<Result> =>
  repository.run(['renew', ...args], { as: alice });

interface Plan {
  readonly actions: readonly { readonly credential: string; readonly reason: string }[];
  readonly failed?: readonly string[];
}

const parsed = ({ stdout }: Result): Plan => JSON.parse(stdout) as Plan;

test('renew: what is due by percentage of life goes with every copy of it, and nothing else changes', async (t) => {
  const repository = await made(t, KUBEADM);
  const early = await renew(repository, '--dry-run', '--now', '2026-12-22T07:59:59Z');
  t.deepEqual([early.status, early.stdout], [0, 'nothing to do: 1 cluster is as declared\n']);

  const before = repository.files();
  const planned = await repository.run(['renew', '--dry-run', '-o', 'json', '--now', LATER]);
  t.is(planned.status, 3);
  t.deepEqual(
    parsed(planned).actions.map(({ credential, reason }) => `${credential} ${reason}`),
    ['prod/web RenewalDue', 'prod/deployer RenewalDue'],
  );
  t.deepEqual(repository.files(), before);

  const without = await repository.run(['renew', '--now', LATER]);
  t.is(without.status, 1);
  t.regex(without.stderr, /2 actions need an identity/);
  t.deepEqual(repository.files(), before);

  const done = await renew(repository, '--now', LATER);
  t.is(done.status, 0, done.stderr);
  t.regex(done.stdout, /^issue prod\/web: RenewalDue, due since 2026-12-22T08:00:00.000Z\n/);
  t.deepEqual(changed(before, repository.files()), [
    'deploy/prod/INVENTORY.md',
    'deploy/prod/inventory.json',
    'deploy/prod/kubeconfigs/deployer.conf',
    'deploy/prod/manifests/Secret.default.web-tls.sops.yaml',
    'deploy/prod/pki/deployer.sops.yaml',
    'deploy/prod/pki/web.sops.yaml',
  ]);
  t.is(
    (await repository.run(['plan', '--now', LATER])).stdout,
    'nothing to do: 1 cluster is as declared\n',
  );
  t.is((await repository.run(['check', '--now', LATER])).status, 0);
});

test('renew NAME twice in a day: the inventory of days stays as it is, and is not counted as written', async (t) => {
  const repository = await made(t, KUBEADM);
  await renew(repository, 'cp-1/apiserver', '--now', '2026-11-23T08:00:00Z');
  const before = repository.files();
  const again = await renew(repository, 'cp-1/apiserver', '--now', '2026-11-23T09:00:00Z');
  const files = changed(before, repository.files());
  t.deepEqual([files.length, files.includes('deploy/prod/INVENTORY.md')], [6, false]);
  t.true(again.stdout.includes('\nfiles: 6 updated\n'), again.stdout);
});

test('renew NAME: by the end of a path, with stars; the bundle and the hash of its static pod follow', async (t) => {
  const repository = await made(t, KUBEADM);
  const before = repository.files();
  const now = ['--now', '2026-11-23T08:00:00Z'];
  const one = await renew(repository, 'cp-1/apiserver', ...now);
  t.is(one.status, 0, one.stderr);
  t.is(one.stdout.split('\n')[0], 'issue prod/cp-1/apiserver: Requested, it was asked for');
  t.false(one.stdout.includes('order '), one.stdout);
  const nodes = 'deploy/prod/nodes/cp-1';
  t.deepEqual(changed(before, repository.files()), [
    'deploy/prod/INVENTORY.md',
    'deploy/prod/inventory.json',
    `${nodes}/bundle.yaml`,
    `${nodes}/etc/kubernetes/manifests/kube-apiserver.yaml`,
    `${nodes}/etc/kubernetes/pki/apiserver.crt`,
    `${nodes}/etc/kubernetes/pki/apiserver.key`,
    'deploy/prod/pki/cp-1/apiserver.sops.yaml',
  ]);
  t.is((await repository.run(['plan', ...now])).status, 0);

  const both = await repository.run([
    'renew',
    'api*r',
    'deployer',
    '--dry-run',
    '-o',
    'json',
    ...now,
  ]);
  t.deepEqual(
    parsed(both).actions.map(({ credential }) => credential),
    ['prod/cp-1/apiserver', 'prod/cp-2/apiserver', 'prod/deployer'],
  );
  const text = await repository.run(['renew', 'apiserver', '--dry-run', ...now]);
  t.regex(
    text.stdout,
    /\norder prod: one node at a time: cp-1, then cp-2; after each wait until its pods run and etcd is healthy/,
  );
  const all = await repository.run(['renew', '--all', '--dry-run', '-o', 'json', ...now]);
  const leaves = Object.keys(before).filter((file) =>
    /\/pki\/(?:cp-\d\/)?[^/]+\.sops\.yaml$/.test(file),
  );
  t.is(leaves.length, 2 * 11 + 3);
  t.deepEqual(
    parsed(all).actions.map(({ reason }) => reason),
    leaves.map(() => 'Requested'),
  );
});

const REFUSED: readonly (readonly [readonly string[], string, RegExp])[] = [
  [['wbe'], '"wbe" names no certificate or kubeconfig', /hint: did you mean web\?/],
  [['prod/wbe'], '"prod/wbe" names no certificate or kubeconfig', /did you mean prod\/web\?/],
  [['prod'], '"prod" names no certificate or kubeconfig', /renew --all --cluster prod/],
  [['prod/ca'], '"prod/ca" is not renewed but rotated', /hint: .*cdk8s-pki rotate prod ca/],
  [['prod/ca', '--dry-run'], '"prod/ca" is not renewed but rotated', /hint: /],
  [['web', '--all'], '--all and "web" exclude each other', /hint: /],
];

test('renew: names of nothing, and of authorities, are refused, and nothing is written', async (t) => {
  const repository = await made(t, declaration({ recipients: [alice.recipient] }));
  const before = repository.files();
  for (const [args, message, hint] of REFUSED) {
    const { status, stdout, stderr } = await renew(repository, ...args, '--now', LATER);
    t.deepEqual([status, stdout], [2, '']);
    t.true(stderr.startsWith(`cdk8s-pki: error: ${message} [ERR_USAGE]\n`), stderr);
    t.regex(stderr, hint);
  }
  t.deepEqual(repository.files(), before);
});

test('renew: an error of one cluster stops no other; that one keeps what it had, and the exit status is 1', async (t) => {
  const bob = await newPerson();
  const main = (recipients: readonly string[]): string =>
    declaration({ recipients, clusters: ['a', 'b', 'c'] });
  const repository = await made(t, main([alice.recipient]));
  const rules = repository.read('.sops.yaml');
  // the declaration wants another reader everywhere, and b is damaged
  repository.write('clusters/main.js', main([alice.recipient, bob.recipient]));
  const keyset = 'deploy/b/pki/ca/keyset.yaml';
  repository.write(keyset, repository.read(keyset).replace('revision: 1', 'revision: 2'));
  const before = repository.files();

  const stopped = await repository.run(['synth', '--now', LATER], { as: alice });
  t.is(stopped.status, 1);
  t.deepEqual(repository.files(), before);

  const now = ['--now', '2027-09-22T08:00:00Z'];
  const planned = await renew(repository, '--dry-run', '-o', 'json', ...now);
  t.is(planned.status, 1);
  t.deepEqual(parsed(planned).failed, ['b']);

  const done = await renew(repository, ...now);
  t.is(done.status, 1);
  t.regex(done.stderr, /left as it is, it has errors: b\n/);
  t.regex(done.stderr, /error: "deploy\/b\/pki\/ca\/keyset.yaml"/);
  t.regex(done.stdout, /issue a\/web: RenewalDue/);
  t.regex(done.stdout, /issue c\/web: RenewalDue/);
  const files = changed(before, repository.files());
  t.true(
    files.includes('deploy/a/pki/web.sops.yaml') && files.includes('deploy/c/pki/web.sops.yaml'),
  );
  t.deepEqual(
    files.filter((file) => file.startsWith('deploy/b/')),
    [],
  );
  t.false(files.includes('deploy/authorities.yaml'));
  const rulesOf = (text: string, name: string): string[] =>
    text.split('- path_regex').filter((rule) => rule.includes(`^deploy/${name}/`));
  const after = repository.read('.sops.yaml');
  t.deepEqual(
    rulesOf(after, 'b').map((rule) => rule.includes(bob.recipient)),
    [false, false, false],
  );
  t.deepEqual(
    rulesOf(after, 'a').map((rule) => rule.includes(bob.recipient)),
    [true, true, true],
  );
  t.is(rulesOf(rules, 'b').length, 3);

  repository.git('checkout', '--', keyset);
  const rest = await renew(repository, ...now);
  t.is(rest.status, 0, rest.stderr);
  t.true(rulesOf(repository.read('.sops.yaml'), 'b').every((rule) => rule.includes(bob.recipient)));
  t.is((await repository.run(['plan', ...now])).status, 0);
});

interface Breaking {
  readonly main?: (three: string) => string;
  readonly change?: (repository: Repository) => void;
  /** Who cannot be worked on. */
  readonly failed: readonly string[];
  readonly error: RegExp;
}

const BREAKING: Readonly<Record<string, Breaking>> = {
  'a problem of one declaration, and of what is signed by it': {
    main: (three) =>
      `${three.replace('export default app;', '')}
new pki.Certificate(b, 'worse', { issuer: bCa, profile: 'server' });
new pki.Certificate(c, 'borrowed', { issuer: bCa, profile: 'client' });
export default app;`,
    failed: ['b', 'c'],
    error: /error: the declaration has 1 problem \[ERR_DECLARATION_INVALID\]\n.*\[b\/worse\]/u,
  },
  'a cluster that is no longer declared': {
    main: () => declaration({ recipients: [alice.recipient], clusters: ['a', 'c'] }),
    failed: ['b'],
    error: /cluster "b" has a store but no declaration/u,
  },
  'an orphaned keyset': {
    main: (three) =>
      three.replace(
        "new pki.CertificateAuthority(b, 'ca'",
        "new pki.CertificateAuthority(b, 'ca2'",
      ),
    failed: ['b'],
    error: /keyset "b\/ca" has a store but no declaration/u,
  },
  'an orphaned node': {
    change: (repository) => {
      const leaf = repository.read('deploy/b/pki/web.sops.yaml');
      const ofNode = leaf.replace(/^cluster: "?b"?$/mu, '$&\nnode: n1');
      repository.write('deploy/b/pki/n1/web.sops.yaml', ofNode);
    },
    failed: ['b'],
    error: /node "b\/n1" has a store but no declaration/u,
  },
  'lines of the ledger that were lost': {
    change: (repository) => {
      const file = 'deploy/authorities.yaml';
      repository.write(file, repository.read(file).replace(/^- \{cluster: b,.*\n/mu, ''));
    },
    failed: ['b'],
    error: /"deploy\/authorities\.yaml" lacks a line that HEAD has/u,
  },
  'the folder of another cluster': {
    change: (repository) => {
      renameSync(repository.path('deploy/b'), repository.path('deploy/b2'));
    },
    failed: ['b', 'b2'],
    error: /"deploy\/b2" holds the store of "b"/u,
  },
};

for (const [name, { main = (three: string) => three, change, failed, error }] of Object.entries(
  BREAKING,
))
  test(`renew: ${name} stops no other cluster, and loses nothing`, async (t) => {
    const three = declaration({ recipients: [alice.recipient], clusters: ['a', 'b', 'c'] });
    const repository = await made(t, three);
    const whole = repository.files();
    repository.write('clusters/main.js', main(three));
    change?.(repository);
    const before = repository.files();
    const now = ['--now', '2027-09-22T08:00:00Z'];

    const stopped = await repository.run(['synth', ...now], { as: alice });
    t.is(stopped.status, 1);
    t.deepEqual(repository.files(), before, 'synth stops');

    const planned = await renew(repository, '--dry-run', '-o', 'json', ...now);
    t.deepEqual([planned.status, parsed(planned).failed?.toSorted()], [1, failed]);
    const done = await renew(repository, ...now);
    t.is(done.status, 1);
    t.regex(done.stderr, error);
    const sound = ['a', 'b', 'c'].filter((cluster) => !failed.includes(cluster));
    const after = repository.files();
    t.deepEqual(
      changed(before, after).filter((file) => file.includes('/pki/')),
      sound.map((cluster) => `deploy/${cluster}/pki/web.sops.yaml`),
    );
    t.deepEqual(
      changed(before, after).filter((file) => !sound.some((of) => file.includes(`/${of}/`))),
      [],
      'files of others, their lines in the ledger and their rules stay',
    );
    t.is(after['.sops.yaml'], whole['.sops.yaml']);
    t.is((await renew(repository, '--dry-run', '--cluster', 'a', ...now)).status, 0);
  });

test('renew: the tree of another declaration, and problems of the whole one, stop everything', async (t) => {
  const repository = await made(t, declaration({ recipients: [alice.recipient] }));
  const now = ['--now', '2027-09-22T08:00:00Z'];
  for (const [main, error] of [
    [
      declaration({ recipients: [alice.recipient], clusters: ['other'] }),
      /nothing in the tree is of this declaration/u,
    ],
    [declaration({ recipients: [] }), /recipients names nobody/u],
    [
      declaration({ recipients: [alice.recipient], extra: "new pki.Cluster(app, 'Prod_2');" }),
      /\[Prod_2\]/u,
    ],
  ] as const) {
    repository.write('clusters/main.js', main);
    const before = repository.files();
    const { status, stdout, stderr } = await renew(repository, ...now);
    t.deepEqual([status, stdout], [1, '']);
    t.regex(stderr, error);
    t.deepEqual(repository.files(), before);
  }
});

test('renew: where every cluster has errors, nothing is written', async (t) => {
  const repository = await made(t, declaration({ recipients: [alice.recipient] }));
  const keyset = 'deploy/prod/pki/ca/keyset.yaml';
  repository.write(keyset, repository.read(keyset).replace('revision: 1', 'revision: 2'));
  repository.remove('.gitattributes');
  const before = repository.files();
  const { status, stdout } = await renew(repository, '--now', LATER);
  t.deepEqual([status, stdout], [1, '']);
  t.deepEqual(changed(before, repository.files()), []);
});

test('renew: in a window, or where waiting would leave less than half of renewBefore', async (t) => {
  const window =
    "renewalWindows: [{ cron: '0 22 * * 6', windowDuration: Duration.hours(4), timezone: 'Europe/Berlin' }]";
  const main = declaration({
    recipients: [alice.recipient],
    app: `defaults: { jitter: Duration.days(0), ${window} }`,
  }).replace(
    "import * as pki from 'cdk8s-pki';",
    "import * as pki from 'cdk8s-pki';\nconst { Duration } = pki;",
  );
  const repository = await made(t, main);
  // due on 2027-08-24, a Tuesday; then on each Saturday evening
  const planned = async (now: string, ...args: readonly string[]): Promise<number | undefined> =>
    (await repository.run(['renew', '--dry-run', '--now', now, ...args])).status;
  t.is(await planned('2027-08-27T08:00:00Z'), 0);
  t.is(await planned('2027-08-28T19:59:59Z'), 0);
  t.is(await planned('2027-08-28T20:00:00Z'), 3);
  t.is(await planned('2027-08-28T23:59:59Z'), 3);
  t.is(await planned('2027-08-29T00:00:00Z'), 0);
  t.is(await planned('2027-08-29T00:00:00Z', 'web'), 3);
  t.is(await planned('2027-08-29T00:00:00Z', '--pull-request'), 3, 'a proposal stays');
  t.is(await planned('2027-10-08T00:00:00Z'), 3, 'half of renewBefore is left');
  const text = async (...args: readonly string[]): Promise<string> =>
    (await repository.run(args)).stdout;
  const waits = (until: string): string =>
    `waiting prod/web: due since 2027-08-24T08:00:00.000Z, waiting for its renewal window until ${until}\n`;
  const nothing = 'nothing to do: 1 cluster is as declared\n';
  const dry = ['renew', '--dry-run', '--now'];
  t.is(await text(...dry, '2027-08-24T07:59:59Z'), nothing);
  t.is(await text(...dry, '2027-08-24T08:00:00Z'), waits('2027-08-28T20:00:00.000Z') + nothing);
  t.is(
    await text(...dry, '2027-08-27T08:00:00Z', '--pull-request'),
    waits('2027-08-28T20:00:00.000Z') + nothing,
  );
  t.is(await text(...dry, '2027-08-29T00:00:00Z'), waits('2027-09-04T20:00:00.000Z') + nothing);
  t.false((await text(...dry, '2027-08-29T00:00:00Z', '--pull-request')).includes('waiting'));
  t.false((await text(...dry, '2027-08-28T20:00:00Z')).includes('waiting'));
  const json = JSON.parse(await text(...dry, '2027-08-27T08:00:00Z', '-o', 'json')) as unknown;
  t.like(json, { actions: [], waiting: [{ credential: 'prod/web' }] });
  const due = (now: string): Promise<Result> => repository.run(['check', '--now', now]);
  const waiting = /^prod +web .* due, waiting for its renewal window until Aug 28, 2027 *$/mu;
  t.notRegex((await due('2027-08-24T07:59:59Z')).stdout, /waiting/u);
  t.regex((await due('2027-08-24T08:00:00Z')).stdout, waiting);
  t.notRegex((await due('2027-08-28T20:00:00Z')).stdout, /waiting/u);
  t.is((await due('2027-08-28T19:59:59Z')).status, 0);
  t.is((await due('2027-08-28T20:00:00Z')).status, 3);
});

test('renew: authorities near their end, and what they issue for the last time or cannot any more, are findings that say rotate', async (t) => {
  const main = declaration({
    recipients: [alice.recipient],
    extra: `
const old = new pki.CertificateAuthority(prod, 'old-ca', { subject: { commonName: 'old' }, validity: pki.Duration.days(500) });
new pki.Certificate(prod, 'old', { issuer: old, profile: 'client' });
`,
  });
  const repository = await made(t, main);
  const before = repository.files();
  const done = await renew(repository, '--now', '2028-01-22T08:00:00Z');
  t.is(done.status, 0, done.stderr);
  t.regex(done.stdout, /issue prod\/web: Expired/);
  t.regex(done.stdout, /RotationNeeded prod\/old-ca: due for rotation since /);
  t.regex(done.stdout, /issue prod\/old: Expired/);
  t.regex(
    done.stdout,
    /RotationNeeded prod\/old: it is issued until \S+ only, when its issuer "prod\/old-ca" ends, and cannot be renewed before: reissue that, or rotate it/,
  );
  t.deepEqual(
    changed(before, repository.files()).filter((file) => file.includes('/pki/')),
    ['deploy/prod/pki/old.sops.yaml', 'deploy/prod/pki/web.sops.yaml'],
  );
  const last = repository.files();
  const again = await renew(repository, '--now', '2028-01-22T09:00:00Z');
  t.is(again.status, 0, again.stderr);
  t.regex(
    again.stdout,
    /RotationNeeded prod\/old: due since .*, and its issuer "prod\/old-ca" ends on .*, too soon to issue it again: rotate the issuer/,
  );
  t.deepEqual(changed(last, repository.files()), []);
});
