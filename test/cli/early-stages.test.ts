import test, { type ExecutionContext } from 'ava';
import { newPerson, type Repository, type Result, synthesized } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const START = '2026-01-01T00:00:00Z';
const ACCEPTED = '2026-01-02T00:00:00Z';
const ISSUED = '2026-01-04T00:00:00Z';
/** A soak of 48 hours, and a clusterSigningDuration of 60 days. */
const RETIRED = '2026-03-07T00:00:00Z';

const MAIN = `
import * as pki from 'cdk8s-pki';
const { Duration } = pki;
const app = new pki.App({ recipients: ['${alice.recipient}'], defaults: { rotation: { soak: Duration.hours(48) } } });
new pki.KubeadmCluster(app, 'prod', {
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'api.example.com',
  controlPlaneNodes: [{ name: 'cp-1', advertiseAddress: '10.0.0.11' }],
  clusterSigningDuration: Duration.days(60),
});
export default app;
`;

/** A stage as its clock has it, which may be wrong; it is not committed. */
async function rotated(
  t: ExecutionContext,
  repository: Repository,
  now: string,
  ...args: readonly string[]
): Promise<void> {
  const result = await repository.run(['rotate', 'prod', ...args, '--now', now], { as: alice });
  t.is(result.status, 0, result.stderr);
}

/** What the gate says of the last change, on a day. */
const gate = (repository: Repository, now: string, base = 'HEAD'): Promise<Result> =>
  repository.run(['verify', '--base', base, '--now', now]);

async function clean(t: ExecutionContext, repository: Repository, now: string): Promise<void> {
  const { status, stdout } = await gate(repository, now);
  t.is(status, 0, stdout);
  t.notRegex(stdout, /StageEarly|LockoutAccepted/u);
  const { stdout: report } = await repository.run(['diff', '--now', now]);
  t.notRegex(report, /before its time|while it is in use/u);
}

test('verify: a stage before its time is found, and is clean once that has come', async (t) => {
  const repository = await synthesized(t, MAIN, START);
  await rotated(t, repository, ACCEPTED, 'ca');
  await clean(t, repository, ACCEPTED);
  repository.commit('accept', ACCEPTED);

  await rotated(t, repository, ISSUED, 'ca');
  const early = '2026-01-03T23:59:59Z'; // beyond the soak by default
  const issue = await gate(repository, early);
  t.is(issue.status, 3);
  t.regex(
    issue.stdout,
    /^warning StageEarly: .* prod\/ca goes on to "issue" before 2026-01-04T00:00:00.000Z: .* since 2026-01-02T00:00:00.000Z, .*\(48h\)/mu,
  );
  t.notRegex(issue.stdout, /LockoutAccepted/u);
  await clean(t, repository, ISSUED);
  repository.commit('issue', ISSUED);
  t.regex((await gate(repository, early, 'HEAD~1')).stdout, /StageEarly/u, 'a commit as well');
  t.notRegex((await gate(repository, ISSUED, 'HEAD~1')).stdout, /StageEarly/u);

  await rotated(t, repository, RETIRED, 'ca');
  const soon = '2026-01-04T00:10:00Z';
  const retire = await gate(repository, soon);
  t.is(retire.status, 3);
  t.regex(
    retire.stdout,
    /^warning StageEarly: .* goes on to "retire" before 2026-01-06T00:00:00.000Z/mu,
  );
  t.regex(
    retire.stdout,
    /^warning LockoutAccepted: .* goes on to "retire", .* by 2026-03-05T00:00:00.000Z/mu,
  );
  const { stdout: report } = await repository.run(['diff', '--now', soon]);
  t.regex(report, /stage of a rotation before its time.*\(24h, unless another is declared\)/u);
  t.regex(report, /entry retired while it is in use/u);
  await clean(t, repository, RETIRED);
});

test('verify: a lockout that somebody accepted is found, until everything has run out', async (t) => {
  const repository = await synthesized(t, MAIN, START);
  await rotated(t, repository, ACCEPTED, 'ca');
  repository.commit('accept', ACCEPTED);
  await rotated(t, repository, ISSUED, 'ca');
  repository.commit('issue', ISSUED);
  const soaked = '2026-01-06T00:00:00Z';
  await rotated(t, repository, soaked, 'ca', '--accept-lockout');
  const { status, stdout } = await gate(repository, soaked);
  t.is(status, 3);
  t.regex(stdout, /^warning LockoutAccepted: .* has a certificate of the outgoing entry /mu);
  t.notRegex(stdout, /StageEarly/u);
  await clean(t, repository, RETIRED);
});

test('verify: where nobody says how long tokens live a lockout is a note; a soak holds all the same', async (t) => {
  const repository = await synthesized(t, MAIN, START);
  await rotated(t, repository, ACCEPTED, 'service-account-key');
  repository.commit('accept', ACCEPTED);
  await rotated(t, repository, ISSUED, 'service-account-key');
  repository.commit('issue', ISSUED);
  const soaked = '2026-01-06T00:00:00Z';
  await rotated(t, repository, soaked, 'service-account-key', '--accept-lockout');
  const { status, stdout } = await gate(repository, soaked);
  t.is(status, 0, stdout);
  t.regex(stdout, /^note LockoutAccepted: .* has a token .*\(rotation\.maxTokenLife\)/mu);
  t.regex(
    (await gate(repository, ISSUED)).stdout,
    /^note StageEarly: /mu,
    'evidence may say that it is everywhere',
  );
});

test('verify: a stage that is taken back waits for nothing; a shallow clone says that it cannot tell', async (t) => {
  const repository = await synthesized(t, MAIN, START);
  await rotated(t, repository, ACCEPTED, 'etcd-ca');
  repository.commit('accept', ACCEPTED);
  await rotated(t, repository, ACCEPTED, 'etcd-ca', '--abort');
  await clean(t, repository, ACCEPTED);
  repository.git('restore', '.');
  repository.git('clean', '--quiet', '--force', 'deploy');

  await rotated(t, repository, ISSUED, 'etcd-ca');
  const whole = await gate(repository, ACCEPTED);
  t.regex(whole.stdout, /StageEarly/u);
  repository.write('.git/shallow', `${repository.git('rev-parse', 'HEAD').trim()}\n`);
  const shallow = await gate(repository, ACCEPTED);
  t.notRegex(shallow.stdout, /StageEarly/u);
  t.regex(
    shallow.stderr,
    /warning: this clone is shallow: .* too early is not found: get the whole/u,
  );
});
