import { chmodSync, readFileSync, rmSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { declaration } from '../../_helpers/declaration.ts';
import { DUE, Fleet } from './_fleet.ts';
import type { Pull } from './_remote.ts';
import { gitea, onGitea } from './_gitea.ts';
import { faultyProxy } from './_proxy.ts';

function fleet(t: ExecutionContext, clusters?: readonly string[], made?: string): Promise<Fleet> {
  return Fleet.create(t, gitea(), clusters, made);
}

const branches = (pulls: readonly Pull[]): string[] => pulls.map(({ head }) => head.ref);
const heads = (pulls: readonly Pull[]): string[] => pulls.map(({ head }) => head.sha);

onGitea(
  'the first run opens a pull request for each cluster, and leaves the checkout alone',
  async (t) => {
    const own = await fleet(t);
    const { repository } = own;
    const state = (): string =>
      repository.git('status', '--porcelain=v2', '--branch') +
      repository.git('for-each-ref') +
      repository.read('.git/config');
    const [before, was] = [repository.files(), state()];
    const { status, stdout, stderr } = await own.propose(DUE);
    t.is(stderr, '');
    t.is(status, 0);
    t.is(stdout.match(/^opened cdk8s-pki\/renew\//gmu)?.length, 3);
    t.deepEqual(repository.files(), before);
    t.is(state(), was);
    const pulls = await own.pulls('open');
    t.deepEqual(
      branches(pulls).sort(),
      ['alpha', 'bravo', 'charlie'].map((name) => `cdk8s-pki/renew/${name}`),
    );
    for (const pull of pulls) {
      const name = pull.head.ref.slice('cdk8s-pki/renew/'.length);
      t.deepEqual(await own.files(pull), [
        `deploy/${name}/INVENTORY.md`,
        `deploy/${name}/inventory.json`,
        `deploy/${name}/manifests/Secret.default.web-tls.sops.yaml`,
        `deploy/${name}/pki/web.sops.yaml`,
      ]);
      t.deepEqual(
        pull.labels.map((label) => label.name),
        ['cdk8s-pki'],
      );
    }
  },
);

/** Without what Gitea finds out by itself, a while later: whether it could be merged, and onto what. */
const ofOurs = ({ number, state, title, body, merged, head, labels }: Pull): unknown => ({
  ...{ number, state, title, body, merged },
  ...{ branch: head.label, commit: head.sha, labels: labels.map(({ name }) => name) },
});

onGitea('a second run changes nothing: no new keys, no push, not a word more', async (t) => {
  const own = await fleet(t, ['alpha', 'bravo']);
  await own.propose(DUE);
  const before = await own.pulls();
  const { status, stdout } = await own.propose(DUE);
  t.is(status, 0);
  t.is(stdout.match(/^unchanged /gmu)?.length, 2);
  t.deepEqual((await own.pulls()).map(ofOurs), before.map(ofOurs));
  for (const pull of before) t.deepEqual(await own.comments(pull), []);
});

onGitea('the text holds the review report, which is the same on any day', async (t) => {
  const own = await fleet(t, ['alpha']);
  await own.propose(DUE);
  const [pull] = await own.pulls('open');
  if (pull === undefined) throw new Error('a pull request');
  const { body } = pull;
  t.regex(
    body,
    /\n<details><summary>Review report: nothing unusual<\/summary>\n\nDays are counted from 2027-09-20, [^\n]*\n\n## PKI changes: /u,
  );
  t.regex(body, /\nAgainst `main` \(`[0-9a-f]{12}`\): 1 cluster; /u);
  t.regex(body, /^\| `web` \| renewed /mu);
  t.true(Buffer.byteLength(body) < 64_000);

  const asked: string[] = [];
  const root = await faultyProxy(t, gitea().url, (request) => {
    asked.push(request);
    return 'pass';
  });
  const nextDay = '2027-09-21T08:00:00Z';
  await own.propose(nextDay, [], { GITEA_URL: root });
  t.true(asked.some((request) => /^GET .*\/pulls/u.test(request)));
  const changing = asked.filter((request) => !/^GET |git-upload-pack$/u.test(request));
  t.deepEqual(changing, []);

  await own.api('PATCH', `/pulls/${pull.number}`, { body: 'lost' });
  t.regex((await own.propose(nextDay)).stdout, /^described /u);
  const [again] = await own.pulls('open');
  t.is(again?.body, body);
  t.is(again?.head.sha, pull.head.sha);
});

onGitea('what is merged is no longer due, and moves no other branch', async (t) => {
  const own = await fleet(t, ['alpha', 'bravo']);
  await own.propose(DUE);
  const [first, second] = await own.pulls('open');
  if (first === undefined || second === undefined) throw new Error('two pull requests');
  await own.merge(first);
  const { stdout } = await own.propose(DUE);
  t.regex(stdout, /^unchanged cdk8s-pki\/renew\/bravo[^\n]*\n$/u);
  t.deepEqual(heads(await own.pulls('open')), [second.head.sha]);
  await own.merge(second);
  const after = await own.propose(DUE);
  t.is(after.stdout, 'nothing is due, and no pull request is open\n');
  own.repository.git('checkout', '-q', 'main');
  own.fetch();
  own.repository.git('reset', '-q', '--hard', 'origin/main');
  const planned = await own.repository.run(['check', '--now', DUE]);
  t.is(planned.status, 0, planned.stdout);
});

onGitea(
  'a base that moves in files of a branch has it made anew on the new head, with new keys',
  async (t) => {
    const own = await fleet(t, ['alpha', 'bravo']);
    const { repository } = own;
    await own.propose(DUE);
    const before = await own.pulls('open');
    repository.write(
      'clusters/main.js',
      declaration({
        recipients: [own.custodian.recipient],
        clusters: ['alpha', 'bravo'],
        extra: `new pki.Certificate(bravo, 'api', { issuer: bravoCa, profile: 'client', subject: { commonName: 'api' } });`,
      }),
    );
    const made = await repository.run(['synth', '--now', '2027-09-20T08:00:00Z'], {
      as: own.custodian,
    });
    t.is(made.status, 0, made.stderr);
    repository.commit('One more certificate');
    own.push('main');
    const { stdout, stderr } = await own.propose(DUE);
    t.is(stderr, '');
    t.regex(stdout, /^unchanged cdk8s-pki\/renew\/alpha/mu);
    t.regex(stdout, /^rebuilt cdk8s-pki\/renew\/bravo/mu);
    const after = await own.pulls('open');
    t.deepEqual(branches(after), branches(before));
    t.is(after[0]?.head.sha, before[0]?.head.sha);
    own.fetch();
    t.is(
      repository.git('rev-parse', 'origin/cdk8s-pki/renew/bravo^'),
      repository.git('rev-parse', 'main'),
    );
  },
);

onGitea("a person's commit stops the branch, and is told once", async (t) => {
  const own = await fleet(t, ['alpha']);
  const { repository } = own;
  await own.propose(DUE);
  own.fetch();
  repository.git('checkout', '-q', 'cdk8s-pki/renew/alpha');
  repository.write('deploy/alpha/INVENTORY.md', 'mine\n');
  repository.commit('An edit');
  own.push('HEAD:cdk8s-pki/renew/alpha');
  const head = repository.git('rev-parse', 'HEAD');
  for (let run = 0; run < 2; run += 1) {
    const { status, stdout, stderr } = await own.propose('2027-11-20T08:00:00Z');
    t.is(status, 3);
    t.regex(stdout, /^stopped cdk8s-pki\/renew\/alpha/u);
    t.regex(stderr, /^stopped cdk8s-pki\/renew\/alpha: [^\n]*to be merged before 2027-11-22/u);
    if (run > 0) continue;
    // anybody may write that
    const [pull] = await own.pulls('open');
    await own.api('POST', `/issues/${pull?.number ?? 0}/comments`, {
      body: 'x <!-- cdk8s-pki:stopped -->',
    });
  }
  const [pull] = await own.pulls('open');
  t.is(pull?.head.sha, head);
  if (pull === undefined) return;
  const comments = await own.comments(pull);
  t.is(comments.length, 2);
  t.regex(comments[0] ?? '', /not made by cdk8s-pki/u);
  t.regex(pull.title, /^\[urgent\] Renew /u);
  t.deepEqual(pull.labels.map(({ name }) => name).sort(), [
    'cdk8s-pki',
    'cdk8s-pki/stopped',
    'cdk8s-pki/urgent',
  ]);

  // closed, it comes back beside the branch, which stays as it is
  await own.api('PATCH', `/pulls/${pull.number}`, { state: 'closed' });
  const beside = await own.propose('2027-11-21T08:00:00Z');
  t.deepEqual([beside.status, beside.stderr], [0, '']);
  t.regex(beside.stdout, /^opened cdk8s-pki\/renew\/alpha_2: /u);
  const again = await own.propose('2027-11-21T08:00:00Z');
  t.regex(again.stdout, /^unchanged cdk8s-pki\/renew\/alpha_2: /u);
  t.deepEqual(branches(await own.pulls('open')), ['cdk8s-pki/renew/alpha_2']);
  own.fetch();
  t.is(repository.git('rev-parse', 'origin/cdk8s-pki/renew/alpha'), head);
});

onGitea('a commit that only claims to be ours, with code in it, is never run', async (t) => {
  const own = await fleet(t, ['alpha']);
  const { repository } = own;
  await own.propose(DUE);
  own.fetch();
  repository.git('checkout', '-q', '-b', 'forged', 'main');
  repository.write(
    'clusters/main.js',
    "import { writeFileSync } from 'node:fs';\nwriteFileSync('" +
      repository.path('ran') +
      "', 'ran');\nexport default {};\n",
  );
  repository.git('add', '-A');
  const blob = repository.git('rev-parse', ':clusters/main.js');
  const { filesDigest } = await import('../../../src/propose/git/objects.ts');
  const digest = filesDigest([{ path: 'clusters/main.js', blob }]);
  repository.git('commit', '-q', '-m', `Renew\n\nCdk8s-Pki-Files: ${digest}`);
  own.push('-f', 'HEAD:cdk8s-pki/renew/alpha');
  repository.git('checkout', '-q', 'main');
  const { stdout } = await own.propose(DUE);
  t.regex(stdout, /^stopped /u);
  t.false('ran' in repository.files());
});

onGitea(
  "a commit that only claims to be ours, with a file that nobody declared, is a person's",
  async (t) => {
    const own = await fleet(t, ['alpha']);
    const { repository } = own;
    await own.propose(DUE);
    own.fetch();
    repository.git('checkout', '-q', 'cdk8s-pki/renew/alpha');
    repository.write('deploy/alpha/manifests/evil.yaml', 'kind: Pod\n');
    repository.git('add', '-A');
    repository.git('commit', '-q', '--amend', '--no-edit');
    const { changedFiles, filesDigest } = await import('../../../src/propose/git/objects.ts');
    const digest = filesDigest(await changedFiles(repository.root, 'main', 'HEAD'));
    const message = repository.git('log', '-1', '--format=%B');
    const forged = message.replace(/^(Cdk8s-Pki-Files: ).*$/mu, `$1${digest}`);
    t.not(forged, message);
    repository.git('commit', '-q', '--amend', '-m', forged);
    own.push('-f', 'HEAD:cdk8s-pki/renew/alpha');
    const head = repository.git('rev-parse', 'HEAD');
    repository.git('checkout', '-q', 'main');
    const { status, stdout } = await own.propose(DUE);
    t.regex(stdout, /^stopped /u);
    t.is(status, 3);
    const [pull] = await own.pulls('open');
    t.is(pull?.head.sha, head);
    t.true(pull?.labels.some(({ name }) => name === 'cdk8s-pki/stopped'));
  },
);

onGitea('a branch that was updated from the base is still ours', async (t) => {
  const own = await fleet(t, ['alpha']);
  const { repository } = own;
  await own.propose(DUE);
  repository.write('README.md', 'hello\n');
  repository.commit('Words');
  own.push('main');
  const [pull] = await own.pulls('open');
  await own.api('POST', `/pulls/${pull?.number ?? 0}/update?style=merge`);
  const updated = await own.pulls('open');
  t.not(updated[0]?.head.sha, pull?.head.sha);
  const { stdout } = await own.propose(DUE);
  t.regex(stdout, /^unchanged /u);
  t.deepEqual(heads(await own.pulls('open')), heads(updated));
});

onGitea(
  'a closed one comes back with the keys it had, and louder the nearer the deadline is',
  async (t) => {
    const own = await fleet(t, ['alpha']);
    const close = async (number: number): Promise<void> => {
      await own.api('PATCH', `/pulls/${number}`, { state: 'closed' });
    };
    // what a forge says of the time of closing is its own clock: begin where that is before all
    await own.propose(DUE);
    const [first] = await own.pulls('open');
    await close(first?.number ?? 0);
    const closedAt = (
      (await own.api('GET', `/pulls/${first?.number ?? 0}`)) as { closed_at: string }
    ).closed_at;
    const days = (count: number): string =>
      new Date(Date.parse(closedAt) + count * 86_400_000).toISOString();
    t.true(Date.parse(closedAt) < Date.parse(DUE)); // long ago, by the clock of these runs
    const again = await own.propose(DUE);
    t.regex(again.stdout, /^opened /u, days(0));
    const [, second] = await own.pulls();
    t.is(second?.state, 'open');
    t.is(second?.head.sha, first?.head.sha); // no new keys: what stands on the branch is still right
    await close(second?.number ?? 0);
    const urgent = await own.propose('2027-11-12T08:00:00Z');
    t.regex(urgent.stdout, /^opened /u);
    const [, , third] = await own.pulls();
    t.regex(third?.title ?? '', /^\[urgent\] Renew 1 certificate of alpha/u);
    t.deepEqual(third?.labels.map(({ name }) => name).sort(), ['cdk8s-pki', 'cdk8s-pki/urgent']);
    // the same pull request, once the certificate has ended
    const late = await own.propose('2027-12-12T08:00:00Z');
    t.regex(late.stdout, /^described /u);
    const [, , told] = await own.pulls();
    t.regex(told?.title ?? '', /^\[expired\] /u);
    t.deepEqual(told?.labels.map(({ name }) => name).sort(), ['cdk8s-pki', 'cdk8s-pki/expired']);
    t.is(told?.head.sha, third?.head.sha);
  },
);

onGitea('a closed one waits, also where its branch was deleted', async (t) => {
  // the forge's clock says when it was closed: so this is about the real time
  const day = (count: number): string => new Date(Date.now() + count * 86_400_000).toISOString();
  const own = await fleet(t, ['alpha'], day(-300));
  await own.propose(day(0));
  const [pull] = await own.pulls('open');
  await own.api('PATCH', `/pulls/${pull?.number ?? 0}`, { state: 'closed' });
  t.regex((await own.propose(day(1))).stdout, /^waiting [^\n]*: was closed; comes back on /u);
  await own.api('DELETE', '/branches/cdk8s-pki%2Frenew%2Falpha');
  t.regex((await own.propose(day(1))).stdout, /^waiting /u);
  t.deepEqual(await own.pulls('open'), []);
  t.regex((await own.propose(day(50))).stdout, /^opened /u);
  const [again] = await own.pulls('open');
  t.regex(again?.title ?? '', /^\[(?:due soon|urgent)\] /u);
});

onGitea(
  'one that was closed since nothing of it was due does not wait when it is due again',
  async (t) => {
    const day = (count: number): string => new Date(Date.now() + count * 86_400_000).toISOString();
    const own = await fleet(t, ['alpha'], day(-300));
    const { repository } = own;
    await own.propose(day(0));
    const args = ['renew', '--now', day(0)];
    t.is((await repository.run(args, { as: own.custodian })).status, 0);
    repository.commit('By hand');
    own.push('main');
    t.regex((await own.propose(day(0))).stdout, /^closed cdk8s-pki\/renew\/alpha/mu);
    repository.git('revert', '--no-edit', 'HEAD');
    own.push('main');
    t.regex((await own.propose(day(1))).stdout, /^opened cdk8s-pki\/renew\/alpha/mu);
  },
);

onGitea(
  'what was renewed on the base itself is closed with the reason, and its branch goes',
  async (t) => {
    const own = await fleet(t, ['alpha', 'bravo']);
    const { repository } = own;
    await own.propose(DUE);
    const renewed = await repository.run(['renew', '--cluster', 'alpha', '--now', DUE], {
      as: own.custodian,
    });
    t.is(renewed.status, 0, renewed.stderr);
    repository.commit('By hand');
    own.push('main');
    const { stdout } = await own.propose(DUE);
    t.regex(stdout, /^closed cdk8s-pki\/renew\/alpha/mu);
    const [alpha] = (await own.pulls()).filter(({ head }) => head.label.endsWith('alpha'));
    t.is(alpha?.state, 'closed');
    if (alpha === undefined) return;
    t.regex((await own.comments(alpha)).join('\n'), /Nothing of it is due any more/u);
    const left = (await own.api('GET', '/branches')) as { name: string }[];
    t.deepEqual(left.map(({ name }) => name).sort(), ['cdk8s-pki/renew/bravo', 'main']);
  },
);

onGitea(
  'what somebody asked for stays open until people decide, due or not, and beside what becomes due',
  async (t) => {
    const own = await fleet(t, ['alpha', 'bravo']);
    const { repository } = own;
    const EARLY = '2026-12-01T08:00:00Z';
    t.regex((await own.propose(EARLY, ['alpha/web'])).stdout, /^opened cdk8s-pki\/renew\/alpha/u);
    const [asked] = await own.pulls('open');
    if (asked === undefined) throw new Error('no pull request');
    const scheduled = await own.propose('2026-12-02T08:00:00Z');
    t.regex(scheduled.stdout, /^unchanged cdk8s-pki\/renew\/alpha[^\n]*\n$/u);
    t.deepEqual(heads(await own.pulls('open')), [asked.head.sha]);

    // the base moves in its files: it is made anew, with what was asked for
    const extra = `new pki.Certificate(alpha, 'api', { issuer: alphaCa, profile: 'client', subject: { commonName: 'api' } });`;
    const recipients = [own.custodian.recipient];
    repository.write(
      'clusters/main.js',
      declaration({ recipients, clusters: ['alpha', 'bravo'], extra }),
    );
    const synth = await repository.run(['synth', '--now', EARLY], { as: own.custodian });
    t.is(synth.status, 0, synth.stderr);
    repository.commit('One more certificate');
    own.push('main');
    const moved = await own.propose('2026-12-03T08:00:00Z');
    t.regex(moved.stdout, /^rebuilt cdk8s-pki\/renew\/alpha/u);
    const [rebuilt] = await own.pulls('open');
    if (rebuilt === undefined) throw new Error('no pull request');
    const leaf = 'deploy/alpha/pki/web.sops.yaml';
    t.true((await own.files(rebuilt)).includes(leaf));

    // once it is closed, it is not asked for any more; to ask again opens it at once
    await own.api('PATCH', `/pulls/${rebuilt.number}`, { state: 'closed' });
    t.is((await own.propose(EARLY)).stdout, 'nothing is due, and no pull request is open\n');
    t.regex((await own.propose(EARLY, ['alpha/web'])).stdout, /^opened /u);

    // made anew on the base by hand: what was asked for is done
    const byHand = await repository.run(['renew', 'alpha/web', '--now', '2026-12-04T08:00:00Z'], {
      as: own.custodian,
    });
    t.is(byHand.status, 0, byHand.stderr);
    repository.commit('By hand');
    own.push('main');
    t.regex((await own.propose('2026-12-05T08:00:00Z')).stdout, /^closed cdk8s-pki\/renew\/alpha/u);
    t.deepEqual(await own.pulls('open'), []);
  },
);

onGitea(
  'a cluster that is orphaned or declared with problems keeps its pull request, and the others get theirs',
  async (t) => {
    const own = await fleet(t);
    const { repository } = own;
    await own.propose(DUE, ['--cluster', 'bravo']);
    const before = await own.pulls('open');
    const recipients = [own.custodian.recipient];
    const problem = `new pki.Certificate(bravo, 'worse', { issuer: bravoCa, profile: 'server' });`;
    const clusters = ['alpha', 'bravo', 'charlie'];
    for (const [index, main] of [
      declaration({ recipients, clusters, extra: problem }),
      declaration({ recipients, clusters: ['alpha', 'charlie'] }),
    ].entries()) {
      repository.write('clusters/main.js', main);
      repository.commit('A mistake');
      own.push('main');
      const { status, stdout, stderr } = await own.propose(DUE);
      t.is(status, 1);
      t.regex(stderr, [/\[bravo\/worse\]/u, /cluster "bravo" has a store but no/u][index] ?? /^$/u);
      t.is(stdout.match(index === 0 ? /^opened /gmu : /^unchanged /gmu)?.length, 2);
      const open = await own.pulls('open');
      const [bravo, was] = [open[0], before[0]];
      t.deepEqual(
        [bravo?.head.sha, bravo?.title],
        [was?.head.sha, was?.title],
        'it stays as it is',
      );
      t.deepEqual(
        branches(open).sort(),
        clusters.map((name) => `cdk8s-pki/renew/${name}`),
      );
      for (const pull of open.slice(1))
        for (const file of await own.files(pull)) t.regex(file, /^deploy\/(?:alpha|charlie)\//u);
    }
  },
);

onGitea(
  'a declaration that needs a CA key: the gate passes, and after the merge the protected job proposes the result',
  async (t) => {
    const own = await fleet(t);
    const { repository } = own;
    const now = '2026-12-01T08:00:00Z'; // nothing is due
    repository.git('checkout', '-q', '-b', 'a-name');
    repository.write(
      'clusters/main.js',
      declaration({
        recipients: [own.custodian.recipient],
        clusters: ['alpha', 'bravo', 'charlie'],
        sans: ['web.example.com', 'www.example.com'],
      }),
    );
    repository.commit('One more name');
    own.push('a-name');
    const gate = await repository.run(['verify', '--base', 'main', '-o', 'json', '--now', now]);
    t.is(gate.status, 0, gate.stderr);
    const { findings, pending } = JSON.parse(gate.stdout) as Readonly<
      Record<'findings' | 'pending', readonly { readonly credential: string; reason: string }[]>
    >;
    t.deepEqual(findings, []);
    t.deepEqual(
      pending.filter(({ reason }) => reason === 'SansChanged').map((item) => item.credential),
      ['alpha/web', 'bravo/web', 'charlie/web'],
    );
    const change = await own.api('POST', '/pulls', {
      head: 'a-name',
      base: 'main',
      title: 'One more name',
    });
    await own.merge(change as Pull);

    const job = await own.propose(now);
    t.deepEqual([job.status, job.stderr], [0, '']);
    t.is(job.stdout.match(/^opened /gmu)?.length, 3);
    for (const pull of await own.pulls('open')) {
      const [cluster = ''] = pull.head.ref.split('/').slice(-1);
      t.regex(pull.body, /SansChanged: [^|]*added `DNS:www\.example\.com`/u);
      t.true((await own.files(pull)).every((file) => file.startsWith(`deploy/${cluster}/`)));
      own.fetch();
      repository.git('checkout', '-q', '--detach', `origin/${pull.head.ref}`);
      const passes = await repository.run(['verify', '--base', 'origin/main', '--now', now]);
      t.is(passes.status, 0, passes.stdout);
      await own.merge(pull);
    }
    t.is((await own.propose(now)).stdout, 'nothing is due, and no pull request is open\n');
    own.fetch();
    repository.git('checkout', '-q', '--detach', 'origin/main');
    t.is((await repository.run(['plan', '--now', now])).status, 0);
  },
);

onGitea(
  'what waits for its renewal window is told; in it a pull request is opened, and stays when it closes',
  async (t) => {
    const own = await fleet(t, ['alpha']);
    const { repository } = own;
    const window = "{ cron: '0 22 * * 6', windowDuration: pki.Duration.hours(4), timezone: 'UTC' }";
    const recipients = [own.custodian.recipient];
    const app = `defaults: { jitter: pki.Duration.days(0), renewalWindows: [${window}] }`;
    repository.write('clusters/main.js', declaration({ recipients, app, clusters: ['alpha'] }));
    const made = await repository.run(['synth', '--now', '2026-11-22T08:00:00Z'], {
      as: own.custodian,
    });
    t.is(made.status, 0, made.stderr);
    repository.commit('A window');
    own.push('main');
    // due on 2027-08-24, a Tuesday
    const before = await own.propose('2027-08-25T08:00:00Z');
    t.deepEqual(before, {
      status: 0,
      stdout: 'nothing is due, and no pull request is open\n',
      stderr:
        'waiting alpha/web: due since 2027-08-24T08:00:00.000Z, waiting for its renewal window until 2027-08-28T22:00:00.000Z\n',
    });
    t.deepEqual(await own.pulls(), []);
    t.regex((await own.propose('2027-08-28T22:00:00Z')).stdout, /^opened /u);
    const [pull] = await own.pulls('open');
    t.regex(pull?.body ?? '', /RenewalDue: due since `2027-08-24/u);
    const after = await own.propose('2027-08-29T08:00:00Z');
    t.regex(after.stdout, /^unchanged /u);
    t.is(after.stderr, '');
    t.deepEqual(heads(await own.pulls('open')), [pull?.head.sha]);
  },
);

onGitea('no more than --max-open are open; one that is merged makes room', async (t) => {
  const own = await fleet(t);
  const { stdout } = await own.propose(DUE, ['--max-open', '1']);
  t.is(stdout.match(/^opened /gmu)?.length, 1);
  t.is(stdout.match(/^deferred /gmu)?.length, 2);
  const [first] = await own.pulls('open');
  if (first === undefined) throw new Error('one pull request');
  await own.merge(first);
  const next = await own.propose(DUE, ['--max-open', '1']);
  t.is(next.stdout.match(/^opened /gmu)?.length, 1);
  const open = await own.pulls('open');
  t.is(open.length, 1);
  t.not(open[0]?.head.ref, first.head.ref);
});

onGitea('--group bundles, and takes the place of pull requests of single clusters', async (t) => {
  const own = await fleet(t, ['alpha', 'bravo']);
  await own.propose(DUE);
  const { stdout } = await own.propose(DUE, ['--group', 'europe']);
  t.regex(stdout, /^opened cdk8s-pki\/renew\/europe/mu);
  t.is(stdout.match(/^closed /gmu)?.length, 2);
  const open = await own.pulls('open');
  t.deepEqual(branches(open), ['cdk8s-pki/renew/europe']);
  const [pull] = open;
  if (pull === undefined) return;
  t.deepEqual(
    new Set((await own.files(pull)).map((file) => file.split('/')[1])),
    new Set(['alpha', 'bravo']),
  );
});

onGitea(
  'two runs at once do not fight: one pull request for each cluster, and a third run changes nothing',
  async (t) => {
    const own = await fleet(t, ['alpha', 'bravo']);
    const runs = await Promise.all([own.propose(DUE), own.propose(DUE)]);
    for (const { status, stderr } of runs) t.deepEqual([status, stderr], [0, '']);
    const open = await own.pulls('open');
    t.deepEqual(branches(open).sort(), ['cdk8s-pki/renew/alpha', 'cdk8s-pki/renew/bravo']);
    const { stdout } = await own.propose(DUE);
    t.is(stdout.match(/^unchanged /gmu)?.length, 2);
    t.deepEqual(heads(await own.pulls('open')), heads(open));
  },
);

onGitea('a branch whose name leaves no place for ours is an error that names it', async (t) => {
  const own = await fleet(t, ['alpha']);
  own.push('main:refs/heads/cdk8s-pki');
  const { status, stderr } = await own.propose(DUE);
  t.is(status, 1);
  t.regex(stderr, /the branch "cdk8s-pki" is in the way of "cdk8s-pki\/renew\/alpha"/u);
  t.regex(stderr, /^cdk8s-pki: hint: then: git push origin :refs\/heads\/cdk8s-pki$/mu);
  t.deepEqual(await own.pulls(), []);
});

onGitea('a token without rights is a clear error, and leaves no branch', async (t) => {
  const own = await fleet(t, ['alpha']);
  const weak = await gitea().token(gitea().admin, 'read:repository,read:issue');
  const { status, stderr } = await own.propose(DUE, [], { GITEA_TOKEN: weak });
  t.is(status, 1);
  t.regex(stderr, /^cdk8s-pki: error: /u);
  t.regex(stderr, /hint: the token must be allowed to/u);
  t.false(stderr.includes(weak));
  const none = await own.propose(DUE, [], { GITEA_TOKEN: 'wrong' });
  t.is(none.status, 1);
  t.regex(
    none.stderr,
    /refuses to read the repository in [^\n]* \(status 401\)[^\n]*\n[^\n]*hint: the token is wrong/u,
  );
  t.deepEqual(
    ((await own.api('GET', '/branches')) as { name: string }[]).map(({ name }) => name),
    ['main'],
  );
  t.deepEqual(await own.pulls(), []);
});

onGitea('a forge that fails and hangs for a while is asked again', async (t) => {
  const own = await fleet(t, ['alpha']);
  const asked: string[] = [];
  const proxy = await faultyProxy(t, gitea().url, (request) => {
    asked.push(request);
    const tries = asked.filter((one) => one === request).length;
    if (!request.startsWith('POST') || !request.endsWith('/pulls') || tries > 3) return 'pass';
    return tries === 3 ? 'hang' : 'fail';
  });
  const { status, stderr } = await own.propose(DUE, [], { GITEA_URL: proxy });
  t.deepEqual([status, stderr], [0, '']);
  t.is(asked.filter((one) => one.startsWith('POST') && one.endsWith('/pulls')).length, 4);
  t.is((await own.pulls('open')).length, 1);
});

onGitea(
  'a forge that keeps failing is a clear error; the branch that stands is used by the next run',
  async (t) => {
    const own = await fleet(t, ['alpha']);
    const proxy = await faultyProxy(t, gitea().url, (request) =>
      request.startsWith('POST') && request.endsWith('/pulls') ? 'fail' : 'pass',
    );
    const { status, stderr } = await own.propose(DUE, [], { GITEA_URL: proxy });
    t.is(status, 1);
    t.regex(
      stderr,
      /answers with status 500, after 5 tries[^\n]*\n[^\n]*hint: nothing is half-made/u,
    );
    t.deepEqual(await own.pulls(), []);
    own.fetch();
    const head = own.repository.git('rev-parse', 'origin/cdk8s-pki/renew/alpha');
    const { stdout } = await own.propose(DUE);
    t.regex(stdout, /^opened /u);
    t.deepEqual(heads(await own.pulls('open')), [head]);
  },
);

onGitea('the token is in no argument, no file and no output, and no hook runs', async (t) => {
  const own = await fleet(t, ['alpha']);
  const { repository } = own;
  const log = repository.path('node_modules/log');
  repository.write(
    'node_modules/bin/git',
    `#!/bin/sh\nprintf '%s\\n' "$@" >>'${log}'\nPATH=\${PATH#*:} exec git "$@"\n`,
  );
  chmodSync(repository.path('node_modules/bin/git'), 0o755);
  for (const name of ['pre-push', 'post-checkout', 'reference-transaction', 'post-index-change']) {
    repository.write(
      `.git/hooks/${name}`,
      `#!/bin/sh\ntouch '${repository.path('node_modules/hooked')}'\n`,
    );
    chmodSync(repository.path(`.git/hooks/${name}`), 0o755);
  }
  const path = `${repository.path('node_modules/bin')}:${process.env['PATH'] ?? ''}`;
  const { status, stdout, stderr } = await own.propose(DUE, [], { PATH: path });
  t.deepEqual([status, stderr], [0, '']);
  const secrets = [own.token, Buffer.from(`oauth2:${own.token}`).toString('base64')];
  const said = readFileSync(log, 'utf8');
  t.regex(said, /^--force-with-lease=refs\/heads\/cdk8s-pki\/renew\/alpha:$/mu);
  const config = repository.read('.git/config');
  for (const secret of secrets) {
    for (const text of [said, stdout, stderr, config]) t.false(text.includes(secret));
  }
  t.throws(() => readFileSync(repository.path('node_modules/hooked')), { code: 'ENOENT' });
  t.is(repository.git('for-each-ref', 'refs/cdk8s-pki'), '');
  t.is(repository.git('worktree', 'list').split('\n').length, 1);
  rmSync(log);
});
