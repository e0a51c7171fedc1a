import { declaration } from '../../_helpers/declaration.ts';
import type { Result } from '../../_helpers/run-cli.ts';
import { DUE, Fleet } from './_fleet.ts';
import type { Pull } from './_remote.ts';
import { gitea, onGitea } from './_gitea.ts';

const MADE = '2026-01-01T00:00:00Z';
const DAY = 86_400_000;

/** Merges are dated by Gitea's clock, so the days of a rotation are counted from now. */
const inDays = (days: number): string => new Date(Date.now() + days * DAY).toISOString();

async function fleet(
  t: Parameters<typeof Fleet.create>[0],
  clusters: readonly string[],
  app = '',
): Promise<Fleet> {
  const own = await Fleet.create(t, gitea(), clusters, MADE);
  const { repository, custodian } = own;
  if (app === '') return own;
  repository.write(
    'clusters/main.js',
    declaration({ recipients: [custodian.recipient], clusters, app }),
  );
  const made = await repository.run(['synth', '--now', MADE], { as: custodian });
  t.is(made.status, 0, made.stderr);
  repository.commit('Settings');
  own.push('main');
  return own;
}

function rotate(own: Fleet, ...args: readonly string[]): Promise<Result> {
  return own.repository.run(['rotate', 'alpha', 'ca', '--pull-request', ...args], {
    as: own.custodian,
    environment: { GITEA_TOKEN: own.token },
  });
}

const branches = (pulls: readonly Pull[]): string[] => pulls.map(({ head }) => head.ref);

async function only(own: Fleet): Promise<Pull> {
  const [pull, ...more] = await own.pulls('open');
  if (pull === undefined || more.length > 0) throw new Error(`${more.length + 1} pull requests`);
  return pull;
}

onGitea(
  'rotate --pull-request: each stage is one pull request, and waits for the soak',
  async (t) => {
    const own = await fleet(t, ['alpha', 'bravo']);
    const before = own.repository.files();
    const opened = await rotate(own, '--now', inDays(0));
    t.is(opened.status, 0, opened.stderr);
    t.regex(opened.stdout, /^opened cdk8s-pki\/rotate\/alpha\/ca: 1 change/u);
    t.deepEqual(own.repository.files(), before, 'the checkout stays as it is');
    const accept = await only(own);
    t.deepEqual(
      [accept.head.ref, accept.title],
      ['cdk8s-pki/rotate/alpha/ca', 'Rotate alpha/ca: accept (stage 1 of 3)'],
    );
    t.regex(accept.body, /\*\*accept\*\*: a new entry comes into every trust bundle/u);
    t.regex(accept.body, /### To roll it out\n\n1\. \*\*/u);
    t.true((await own.files(accept)).includes('deploy/alpha/pki/ca/keyset.yaml'));
    t.deepEqual(
      (await own.files(accept)).filter((file) => file.startsWith('deploy/bravo/')),
      [],
    );

    const again = await rotate(own, '--now', inDays(0));
    t.regex(again.stdout, /^unchanged cdk8s-pki\/rotate\/alpha\/ca/u);
    t.is((await only(own)).head.sha, accept.head.sha);

    await own.merge(accept);
    const early = await rotate(own, '--now', inDays(0.9));
    t.is(early.status, 1);
    t.regex(early.stderr, /"issue" of "alpha\/ca" may not follow before .* \[ERR_ROTATION\]/u);
    const issued = await rotate(own, '--now', inDays(1.1));
    t.is(issued.status, 0, issued.stderr);
    const issue = await only(own);
    t.is(issue.title, 'Rotate alpha/ca: issue (stage 2 of 3)');
    t.true((await own.files(issue)).includes('deploy/alpha/pki/web.sops.yaml'));
    await own.merge(issue);
    await rotate(own, '--now', inDays(3));
    const retire = await only(own);
    t.is(retire.title, 'Rotate alpha/ca: retire (stage 3 of 3)');
    t.regex(retire.body, /There is no way back/u);
    t.notRegex(retire.body, /--abort/u);
    await own.merge(retire);

    const { repository } = own;
    own.fetch();
    repository.git('reset', '-q', '--hard', 'origin/main');
    const plan = await repository.run(['plan', '--now', inDays(3)]);
    t.is(plan.stdout, 'nothing to do: 2 clusters are as declared\n');
    const verified = await repository.run(['verify', '--now', inDays(3)]);
    t.is(verified.status, 0, verified.stdout);
  },
);

onGitea(
  'reissue --pull-request: one pull request with its deadline, made anew when somebody closed or merged the one before',
  async (t) => {
    const own = await fleet(t, ['alpha', 'bravo']);
    const { repository, custodian, token } = own;
    const before = repository.files();
    const reissue = (...args: readonly string[]): Promise<Result> =>
      repository.run(['reissue', 'alpha', 'ca', '--pull-request', ...args], {
        as: custodian,
        environment: { GITEA_TOKEN: token },
      });
    const opened = await reissue('--now', inDays(0));
    t.is(opened.status, 0, opened.stderr);
    t.regex(opened.stdout, /^opened cdk8s-pki\/reissue\/alpha\/ca: 1 change/u);
    t.deepEqual(repository.files(), before, 'the checkout stays as it is');
    const pull = await only(own);
    t.is(pull.title, 'Reissue alpha/ca before 2035-12-30');
    t.regex(pull.body, /\*\*Deadline\.\*\* the certificate before is good until 2035-12-30/u);
    t.regex(pull.body, /### To roll it out\n\n1\. \*\*/u);
    const files = await own.files(pull);
    t.true(files.some((file) => /^deploy\/alpha\/pki\/ca\/[0-9a-f]{16}\.sops\.yaml$/u.test(file)));
    t.false(files.some((file) => /keyset\.yaml|authorities\.yaml|\/bravo\/|web\./u.test(file)));
    const again = await reissue('--now', inDays(1));
    t.regex(again.stdout, /^unchanged cdk8s-pki\/reissue\/alpha\/ca/u);
    t.is((await only(own)).head.sha, pull.head.sha);

    await own.merge(pull);
    own.fetch();
    repository.git('reset', '-q', '--hard', 'origin/main');
    const gate = await repository.run(['verify', '--base', 'HEAD~1', '--now', inDays(1)]);
    t.is(gate.status, 0, gate.stdout);
    const plan = await repository.run(['plan', '--now', inDays(1)]);
    t.is(plan.stdout, 'nothing to do: 2 clusters are as declared\n');
    const next = await reissue('--now', inDays(2));
    t.is(next.status, 0, next.stderr);
    t.not((await only(own)).head.sha, pull.head.sha);
  },
);

onGitea(
  'renew --pull-request: starts and advances by itself what is declared automatic',
  async (t) => {
    const app = `defaults: { caCertificateValidity: pki.Duration.days(600), renewBefore: pki.Duration.days(1), certificateValidity: pki.Duration.days(400), rotation: { automatic: true } }`;
    const own = await fleet(t, ['alpha'], app);
    const renewed = (now: string): Promise<Result> => own.propose(now);
    const { repository, custodian } = own;
    // of 3650 days until now: the setting holds from the next issue
    const replaced = await repository.run(
      ['rotate', 'alpha', 'ca', '--compromised', '--now', MADE],
      { as: custodian },
    );
    t.is(replaced.status, 0, replaced.stderr);
    repository.commit('An authority of 600 days');
    own.push('main');
    const quiet = await renewed('2026-06-10T00:00:00Z');
    t.is(quiet.stdout, 'nothing is due, and no pull request is open\n', quiet.stderr);

    const due = inDays(0);
    const first = await renewed(due);
    t.is(first.status, 0, first.stderr);
    t.deepEqual(branches(await own.pulls('open')), ['cdk8s-pki/rotate/alpha/ca']);

    const declare = (settings: string): void => {
      own.fetch();
      repository.git('reset', '-q', '--hard', 'origin/main');
      const { recipient } = custodian;
      const main = declaration({ recipients: [recipient], clusters: ['alpha'], app: settings });
      repository.write('clusters/main.js', main);
      repository.commit('Other settings');
      own.push('main');
    };
    declare(app.replace(', rotation: { automatic: true }', ''));
    const stray = await renewed(due);
    t.regex(
      stray.stdout,
      /^closed cdk8s-pki\/rotate\/alpha\/ca: Nobody asked for this stage, and alpha\/ca is no longer declared `rotation: /mu,
      stray.stderr,
    );
    t.deepEqual(await own.pulls('open'), []);
    const asked = await rotate(own, '--now', due);
    t.is(asked.status, 0, asked.stderr);
    const left = await renewed(due);
    t.is(left.status, 0, left.stderr);
    t.deepEqual(branches(await own.pulls('open')), ['cdk8s-pki/rotate/alpha/ca']);
    await own.merge(await only(own));
    declare(app);
    const soaking = await renewed(inDays(0.5));
    t.is(soaking.status, 0, soaking.stderr);
    t.deepEqual(await own.pulls('open'), []);
    for (const [days, title] of [
      [2, 'Rotate alpha/ca: issue (stage 2 of 3)'],
      [4, 'Rotate alpha/ca: retire (stage 3 of 3)'],
    ] as const) {
      await renewed(inDays(days));
      const pull = await only(own);
      t.is(pull.title, title);
      await own.merge(pull);
    }
    const done = await renewed(inDays(6));
    t.is(done.stdout, 'nothing is due, and no pull request is open\n', done.stderr);
  },
);

onGitea(
  'renew --pull-request: a rotation under way that nobody declares automatic asks nothing of a shallow clone',
  async (t) => {
    const own = await fleet(t, ['alpha']);
    const { repository } = own;
    await rotate(own, '--now', inDays(0));
    await own.merge(await only(own));
    own.fetch();
    repository.git('reset', '-q', '--hard', 'origin/main');
    repository.write('.git/shallow', `${repository.git('rev-parse', 'HEAD')}\n`);
    t.is(repository.git('rev-parse', '--is-shallow-repository'), 'true');
    const renewed = await own.propose(DUE);
    t.is(renewed.status, 0, renewed.stderr);
    t.deepEqual(branches(await own.pulls('open')), ['cdk8s-pki/renew/alpha']);
  },
);

onGitea(
  'renew --pull-request: an automatic stage that an authority of another cluster blocks waits, and stops nothing',
  async (t) => {
    const own = await fleet(t, ['alpha']);
    const { repository, custodian } = own;
    const root = `const root = new pki.CertificateAuthority(app, 'root', { rotation: { automatic: true } });
const mesh = new pki.CertificateAuthority(alpha, 'mesh', { issuer: root, validity: pki.Duration.days(1500) });
new pki.Certificate(alpha, 'below', { issuer: mesh, profile: 'client' });`;
    const { recipient } = custodian;
    repository.write(
      'clusters/main.js',
      declaration({ recipients: [recipient], clusters: ['alpha'], extra: root }),
    );
    for (const [args, now] of [
      [['synth'], '2026-10-01T00:00:00Z'],
      [['rotate', '_shared', 'root'], '2026-10-02T00:00:00Z'],
      [['rotate', '_shared', 'root'], '2026-10-04T00:00:00Z'],
    ] as const) {
      const ran = await repository.run([...args, '--now', now], { as: custodian });
      t.is(ran.status, 0, ran.stderr);
      repository.commit(args.join(' '), now);
      own.push('main');
    }
    const renewed = await own.propose(DUE);
    t.is(renewed.status, 0, renewed.stderr);
    t.deepEqual(branches(await own.pulls('open')), ['cdk8s-pki/renew/alpha']);
  },
);

onGitea(
  'renew --pull-request: an automatic stage takes nothing along that is to be done besides, in any cluster that it is made in',
  async (t) => {
    const own = await fleet(t, ['alpha', 'bravo']);
    const { repository, custodian } = own;
    const declare = (names: readonly string[], clusters = ['alpha', 'bravo']): void => {
      const extra = `const root = new pki.CertificateAuthority(app, 'root', { rotation: { automatic: true } });
for (const cluster of [${clusters.join(', ')}])
  new pki.Certificate(cluster, 'meshed', { issuer: root, profile: 'server', dnsNames: cluster === bravo ? ${JSON.stringify(names)} : ['web.example.com'] });`;
      const { recipient } = custodian;
      repository.write(
        'clusters/main.js',
        declaration({ recipients: [recipient], clusters, extra }),
      );
    };
    declare(['web.example.com']);
    for (const [args, now] of [
      [['synth'], '2026-11-23T00:00:00Z'],
      [['rotate', '_shared', 'root'], '2026-11-24T00:00:00Z'],
    ] as const) {
      const ran = await repository.run([...args, '--now', now], { as: custodian });
      t.is(ran.status, 0, ran.stderr);
      repository.commit(args.join(' '), now);
      own.push('main');
    }
    const now = '2026-11-26T00:00:00Z';
    const waits = /that of _shared\/root waits until the tree is as declared: .*deploy\/(\w+)\//u;
    const pending = async (cluster: string): Promise<void> => {
      repository.commit('What is declared', now);
      own.push('main');
      const { stdout, stderr } = await own.propose(now);
      t.is(waits.exec(stderr)?.[1], cluster, stderr);
      const open = await own.pulls('open');
      t.true(branches(open).includes(`cdk8s-pki/renew/${cluster}`), stdout);
      t.false(branches(open).includes('cdk8s-pki/rotate/_shared/root'), stdout);
      for (const pull of open) await own.merge(pull);
      own.fetch();
      repository.git('reset', '-q', '--hard', 'origin/main');
    };
    declare(['web.example.com', 'added.example.com']);
    await pending('bravo');
    declare(['web.example.com', 'added.example.com'], ['alpha', 'bravo', 'delta']);
    await pending('delta');
    // a file of the fleet is in nobody's renewal: waiting for it would have no end
    repository.git('rm', '-q', '.gitattributes');
    repository.commit('Without attributes', now);
    own.push('main');
    const { stderr } = await own.propose(now);
    t.notRegex(stderr, waits);
    const stage = await only(own);
    t.is(stage.title, 'Rotate _shared/root: issue (stage 2 of 3)');

    // an incoming entry that must not be issued ends no run, and is not passed over in silence
    const main = repository.read('clusters/main.js');
    const larger = main.replace('{ automatic: true }', "$&, keyAlgorithm: 'RSA-3072'");
    repository.write('clusters/main.js', larger);
    repository.commit('Another algorithm', now);
    own.push('main');
    const stalled = await own.propose(now);
    t.is(stalled.status, 0, stalled.stderr);
    t.regex(
      stalled.stderr,
      /RotationNeeded _shared\/root: the incoming entry [^\n]* is to be taken back: cdk8s-pki rotate _shared root --abort$/mu,
    );
  },
);
