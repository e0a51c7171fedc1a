import test, { type ExecutionContext } from 'ava';
import { rolloutSteps } from '../../src/catalog/rotation/rollout.ts';
import { changed, newPerson, Repository, type Result, synthesized } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const START = '2026-01-01T00:00:00Z';

const MAIN = `
import * as pki from 'cdk8s-pki';
const { Duration } = pki;
const app = new pki.App({ recipients: ['${alice.recipient}'], defaults: { rotation: { maxTokenLife: Duration.days(30) } } });
const root = new pki.CertificateAuthority(app, 'root');
const prod = new pki.KubeadmCluster(app, 'prod', {
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'api.example.com',
  controlPlaneNodes: [{ name: 'cp-1', advertiseAddress: '10.0.0.11' }],
  clusterSigningDuration: Duration.days(60),
});
new pki.Kubeconfig(prod, 'deployer', { user: 'deployer' });
const mesh = new pki.CertificateAuthority(prod, 'mesh', { issuer: root, validity: Duration.days(1000) });
new pki.Certificate(prod, 'web', { issuer: mesh, profile: 'server', dnsNames: ['web.example.com'] });
export default app;
`;

const made = (t: ExecutionContext): Promise<Repository> => synthesized(t, MAIN, START);

const rotate = (repository: Repository, ...args: readonly string[]): Promise<Result> =>
  repository.run(['rotate', ...args], { as: alice });

/** One stage, committed at the same instant. */
async function stage(
  t: ExecutionContext,
  repository: Repository,
  now: string,
  ...args: readonly string[]
): Promise<Result> {
  const result = await rotate(repository, ...args, '--now', now);
  t.is(result.status, 0, result.stderr);
  repository.commit('a stage', now);
  return result;
}

/** A refusal leaves everything as it was. */
async function refuses(
  t: ExecutionContext,
  repository: Repository,
  message: RegExp,
  status: number,
  ...args: readonly string[]
): Promise<void> {
  const before = repository.files();
  const result = await rotate(repository, ...args);
  t.is(result.status, status, result.stdout + result.stderr);
  t.regex(result.stderr, message);
  t.deepEqual(repository.files(), before);
}

const certificates = (text: string): number => text.split('BEGIN CERTIFICATE').length - 1;

const BUNDLE = 'deploy/prod/nodes/cp-1/etc/kubernetes/pki/ca.crt';
const SIGNING = 'deploy/prod/nodes/cp-1/etc/kubernetes/pki/cluster-signing-ca.crt';

test('rotate: the cluster CA goes through its three stages, each alone, none before its time', async (t) => {
  const repository = await made(t);
  const first = repository.files();

  const accepted = await rotate(repository, 'prod', 'ca', '--now', '2026-01-02T00:00:00Z');
  t.is(accepted.status, 0, accepted.stderr);
  t.regex(accepted.stdout, /^rotate prod\/ca: Accept, /u);
  t.is(certificates(repository.read(BUNDLE)), 2);
  t.is<string | undefined, string | undefined>(
    repository.read(SIGNING),
    first[SIGNING],
    'the incoming entry signs nothing',
  );
  const files = changed(first, repository.files());
  t.true(files.includes('deploy/authorities.yaml'));
  t.deepEqual(
    files.filter((file) => file.includes('/pki/cp-1/')),
    [],
    'no leaf is issued again',
  );
  await refuses(t, repository, /not on the base branch: .* \[ERR_ROTATION\]/u, 1, 'prod', 'ca');
  repository.commit('accept', '2026-01-02T00:00:00Z');

  const early = ['prod', 'ca', '--now', '2026-01-02T23:59:59Z'];
  await refuses(t, repository, /may not follow before 2026-01-03T00:00:00.000Z/u, 1, ...early);

  const issued = await stage(t, repository, '2026-01-03T00:00:00Z', 'prod', 'ca');
  t.regex(issued.stdout, /^rotate prod\/ca: Issue, /u);
  t.regex(issued.stdout, /^issue prod: 7 credentials: IssuerRetired, /mu);
  t.is(certificates(repository.read(BUNDLE)), 2);
  t.not(repository.read(SIGNING), first[SIGNING]);
  t.true(repository.read(BUNDLE).startsWith(repository.read(SIGNING)), 'the issuing one is first');

  await refuses(
    t,
    repository,
    /may not follow before 2026-03-05T00:00:00.000Z/u,
    1,
    ...['prod', 'ca', '--now', '2026-03-04T23:59:59Z'],
  );
  const retired = await stage(t, repository, '2026-03-05T00:00:00Z', 'prod', 'ca');
  t.regex(retired.stdout, /^rotate prod\/ca: Retire, /u);
  t.is(repository.read(BUNDLE), repository.read(SIGNING));
  const { stdout, status } = await repository.run(['plan', '--now', '2026-03-05T00:00:00Z']);
  t.deepEqual([status, stdout], [0, 'nothing to do: 2 clusters are as declared\n']);
  const entries = Object.keys(repository.files()).filter((file) => file.includes('/pki/ca/'));
  t.is(entries.length, 2, 'keyset.yaml and one entry');
});

test('rotate: every stage passes the gate of its pull request; a replacement needs to be overruled', async (t) => {
  const repository = await made(t);
  const gate = (now: string): Promise<Result> =>
    repository.run(['verify', '--base', 'HEAD~1', '--now', now]);
  for (const [now, notes] of [
    ['2026-01-02T00:00:00Z', /^note NewAuthority: .* incoming CA/mu],
    ['2026-01-04T00:00:00Z', /^0 findings/mu],
    ['2026-03-08T00:00:00Z', /^0 findings/mu],
  ] as const) {
    await stage(t, repository, now, 'prod', 'ca');
    const { status, stdout } = await gate(now);
    t.is(status, 0, stdout);
    t.regex(stdout, notes);
  }
  const now = '2026-03-09T00:00:00Z';
  await stage(t, repository, now, 'prod', 'ca', '--compromised');
  const { status, stdout } = await gate(now);
  t.is(status, 3);
  t.regex(stdout, /^error KeysetNotSigned: /u);
});

test('rotate --abort: takes back accept, and issue by making the old entry issuing again', async (t) => {
  const repository = await made(t);
  const first = repository.files();
  await refuses(
    t,
    repository,
    /no rotation of "prod\/ca" is under way/u,
    1,
    'prod',
    'ca',
    '--abort',
  );
  await stage(t, repository, '2026-01-02T00:00:00Z', 'prod', 'ca');
  const gaveUp = await stage(t, repository, '2026-01-02T01:00:00Z', 'prod', 'ca', '--abort');
  t.regex(gaveUp.stdout, /^to roll out "abort-accept":$/mu);
  t.regex(gaveUp.stdout, /kubectl .* delete configmap extension-apiserver-authentication/u);
  t.is<string | undefined, string | undefined>(repository.read(BUNDLE), first[BUNDLE]);
  await stage(t, repository, '2026-01-03T00:00:00Z', 'prod', 'ca');
  await stage(t, repository, '2026-01-05T00:00:00Z', 'prod', 'ca');
  const back = await stage(t, repository, '2026-01-05T01:00:00Z', 'prod', 'ca', '--abort');
  t.regex(back.stdout, /^rotate prod\/ca: AbortIssue, /u);
  t.regex(back.stdout, /^to roll out "abort-issue":$[^]*ROTATION\.md of prod$/mu);
  t.regex(repository.read(PAGE), /^## ca: abort-issue$/mu);
  const { stdout } = await rotate(repository, 'prod', 'ca', '--status');
  t.regex(stdout, /^ {2}the stage issue was taken back$/mu);
  t.is<string | undefined, string | undefined>(repository.read(SIGNING), first[SIGNING]);
  t.is(certificates(repository.read(BUNDLE)), 2);
  await stage(t, repository, '2026-03-08T00:00:00Z', 'prod', 'ca');
  t.is<string | undefined, string | undefined>(
    repository.read(BUNDLE),
    first[BUNDLE],
    'the one that was given up is gone',
  );
});

test('rotate --abort: comes late: long after retire could have followed, between retire and its merge, and after it', async (t) => {
  const repository = await made(t);
  const first = repository.files();
  await stage(t, repository, '2026-01-02T00:00:00Z', 'prod', 'ca');
  const accepted = repository.files();
  await stage(t, repository, '2026-01-04T00:00:00Z', 'prod', 'ca');
  const issued = repository.files();

  // retire is in the work tree: its key is gone there, and git has it
  const before = '2026-08-01T00:00:00Z';
  const retired = await rotate(repository, 'prod', 'ca', '--now', before);
  t.is(retired.status, 0, retired.stderr);
  const abort = ['prod', 'ca', '--abort', '--now', before];
  const gone = /no rotation of "prod\/ca" is under way .*[^]*git restore FILE… restores them/u;
  await refuses(t, repository, gone, 1, ...abort);
  repository.git('restore', '.');
  t.deepEqual(repository.files(), issued);

  // seven months on, everything follows the new entry; the old one comes back all the same, and the new one stays trusted
  await stage(t, repository, before, ...abort.slice(0, 3));
  t.is<string | undefined, string | undefined>(repository.read(SIGNING), first[SIGNING]);
  t.is(certificates(repository.read(BUNDLE)), 2);
  const ids = (text: string | undefined): string[] => (text ?? '').match(/[0-9a-f]{16}/gu) ?? [];
  const keyset = 'deploy/prod/pki/ca/keyset.yaml';
  t.deepEqual(new Set(ids(repository.read(keyset))), new Set(ids(accepted[keyset])));
  // which has signed for kubelets: it waits as the other would have, from this day on
  const soon = ['prod', 'ca', '--now', '2026-09-29T00:00:00Z'];
  await refuses(
    t,
    repository,
    /"retire" .* may not follow before 2026-10-01T00:00:00/u,
    1,
    ...soon,
  );
  await stage(t, repository, '2026-10-01T00:00:00Z', 'prod', 'ca');
  t.is<string | undefined, string | undefined>(repository.read(BUNDLE), first[BUNDLE]);
  const never = ['prod', 'ca', '--abort', '--now', '2026-10-02T00:00:00Z'];
  await refuses(t, repository, /no rotation of "prod\/ca" is under way/u, 1, ...never);
});

const PAGE = 'deploy/prod/ROTATION.md';
const REBUILD =
  /^ *kubectl .*get configmap extension-apiserver-authentication .* \| kubectl replace -f -$/mu;

test('rotate: the runbook of a stage is in the tree while it is under way, and that of the last is printed', async (t) => {
  const repository = await made(t);
  const accepted = await stage(t, repository, '2026-01-02T00:00:00Z', 'prod', 'ca');
  t.regex(accepted.stdout, /^to roll out "accept":\n {2}1\. Put the changed files/mu);
  t.regex(accepted.stdout, /^ {2}how, and how to see it: ROTATION\.md of prod$/mu);
  t.false(accepted.stdout.includes('kubectl'), 'titles alone');
  t.regex(repository.read(PAGE), /^## ca: accept$/mu);
  const before = repository.files();
  const again = await repository.run(['synth', '--now', '2026-01-02T12:00:00Z']);
  t.is(again.status, 0, again.stderr);
  t.deepEqual(repository.files(), before, 'a second run changes no byte');

  await stage(t, repository, '2026-01-03T00:00:00Z', 'prod', 'service-account-key');
  t.deepEqual(repository.read(PAGE).match(/^## .*$/gmu), [
    '## ca: accept',
    '## service-account-key: accept',
  ]);
  await stage(t, repository, '2026-01-04T00:00:00Z', 'prod', 'service-account-key', '--abort');

  await stage(t, repository, '2026-01-05T00:00:00Z', 'prod', 'ca');
  t.regex(repository.read(PAGE), /^## ca: issue$/mu);
  t.regex(repository.read(PAGE), REBUILD);
  const retired = await stage(t, repository, '2026-03-08T00:00:00Z', 'prod', 'ca');
  t.false(PAGE in repository.files());
  t.regex(retired.stdout, REBUILD);
  t.regex(retired.stdout, /^before you merge "retire":\n {2}1\. Keep kubeadm[^]*^to roll out/mu);
  const plan = await repository.run(['plan', '--now', '2026-03-08T00:00:00Z']);
  t.is(plan.status, 0, plan.stdout);
});

test('rotate: a shared authority takes along the clusters that trust it, and waits for authorities below it', async (t) => {
  const repository = await made(t);
  await stage(t, repository, '2026-01-02T00:00:00Z', '_shared', 'root');
  const issued = await stage(t, repository, '2026-01-04T00:00:00Z', '_shared', 'root');
  t.regex(
    issued.stdout,
    /RotationNeeded prod\/mesh: issuer "_shared\/root\/[0-9a-f]{16}" is outgoing/u,
  );
  const early = ['_shared', 'root', '--now', '2026-01-06T00:00:00Z'];
  await refuses(t, repository, /"prod\/mesh" has a certificate of "_shared\/root/u, 1, ...early);
  const waiting = await rotate(repository, '_shared', 'root', '--status');
  t.regex(
    waiting.stdout,
    /^ {2}first: "prod\/mesh" has a certificate of the outgoing entry: rotate it first$/mu,
  );
  for (const day of ['06', '08', '10'])
    await stage(t, repository, `2026-01-${day}T00:00:00Z`, 'prod', 'mesh');
  await stage(t, repository, '2026-01-12T00:00:00Z', '_shared', 'root');
  const plan = await repository.run(['plan', '--now', '2026-01-12T00:00:00Z']);
  t.is(plan.status, 0, plan.stdout);
});

test('rotate: a service-account key keeps its public key for the life of its tokens', async (t) => {
  const repository = await made(t);
  const keys = 'deploy/prod/nodes/cp-1/etc/kubernetes/pki/sa.pub';
  const [first] = [repository.read(keys)];
  await stage(t, repository, '2026-01-02T00:00:00Z', 'prod', 'service-account-key');
  t.true(repository.read(keys).startsWith(first));
  await stage(t, repository, '2026-01-04T00:00:00Z', 'prod', 'service-account-key');
  t.true(repository.read(keys).endsWith(first));
  const early = ['prod', 'service-account-key', '--now', '2026-01-10T00:00:00Z'];
  await refuses(t, repository, /may not follow before 2026-02-04T00:00:00.000Z/u, 1, ...early);
  await stage(
    t,
    repository,
    '2026-01-10T00:00:00Z',
    ...['prod', 'service-account-key', '--accept-lockout'],
  );
  t.false(repository.read(keys).includes(first));
});

const LOCKOUT =
  /^lockout \(--accept-lockout\): Every kubelet whose client certificate the outgoing entry [0-9a-f]{16} signed, .* is refused as soon as this is rolled out\. The last of that would have ended by 2026-03-05T00:00:00\.000Z\./mu;

test('rotate --accept-lockout: says who is locked out, before and after, and nothing once there is nobody', async (t) => {
  const repository = await made(t);
  await stage(t, repository, '2026-01-02T00:00:00Z', 'prod', 'ca');
  await stage(t, repository, '2026-01-03T00:00:00Z', 'prod', 'ca');
  const lockout = ['prod', 'ca', '--accept-lockout'];
  const late = await rotate(repository, ...lockout, '--dry-run', '--now', '2026-03-05T00:00:00Z');
  t.is(late.status, 0, late.stderr);
  t.notRegex(late.stdout, /lockout/u);
  const early = ['prod', 'ca', '--now', '2026-01-05T00:00:00Z'];
  await refuses(t, repository, /--accept-lockout --dry-run says who/u, 1, ...early);
  const dry = await rotate(repository, ...lockout, '--dry-run', '--now', '2026-01-05T00:00:00Z');
  t.is(dry.status, 0, dry.stderr);
  t.regex(dry.stdout, LOCKOUT);
  const done = await stage(t, repository, '2026-01-05T00:00:00Z', ...lockout, '-o', 'json');
  const { warnings, before, steps } = JSON.parse(done.stdout) as {
    warnings: readonly string[];
    before: readonly { title: string }[];
    steps: readonly { title: string; commands: readonly string[] }[];
  };
  t.regex(warnings.join('\n'), LOCKOUT);
  t.regex(before[0]?.title ?? '', /^Keep kubeadm/u);
  t.true(steps.some(({ commands }) => REBUILD.test(commands.join('\n'))));
});

test('rotate --compromised: says the outage before it makes it, and waits for no history', async (t) => {
  const repository = await made(t);
  await stage(t, repository, '2026-01-02T00:00:00Z', 'prod', 'ca');
  repository.write('.git/shallow', `${repository.git('rev-parse', 'HEAD')}\n`);
  const hard = ['prod', 'etcd-ca', '--compromised', '--now', '2026-01-02T01:00:00Z'];
  const before = repository.files();
  const dry = await rotate(repository, ...hard, '--dry-run');
  t.is(dry.status, 0, dry.stderr);
  t.regex(dry.stdout, /^outage: Members refuse each other .*etcd has no quorum/mu);
  t.deepEqual(repository.files(), before);
  const done = await rotate(repository, ...hard);
  t.is(done.status, 0, done.stderr);
});

test('rotate: an incoming entry whose algorithm is declared otherwise since is not issued', async (t) => {
  const repository = await made(t);
  await stage(t, repository, '2026-01-02T00:00:00Z', 'prod', 'mesh');
  const declared = MAIN.replace("'mesh', {", "'mesh', { keyAlgorithm: 'ECDSA-P384',");
  repository.write('clusters/main.js', declared);
  repository.commit('another algorithm', '2026-01-02T01:00:00Z');
  const late = ['prod', 'mesh', '--now', '2026-01-04T00:00:00Z'];
  const message = /"issue" of "prod\/mesh" must not follow[^]*ECDSA-P256, declared is ECDSA-P384/u;
  await refuses(t, repository, message, 1, ...late);
  await stage(t, repository, '2026-01-04T00:00:00Z', 'prod', 'mesh', '--abort');
  await stage(t, repository, '2026-01-05T00:00:00Z', 'prod', 'mesh');
  await stage(t, repository, '2026-01-07T00:00:00Z', 'prod', 'mesh');
});

test('rotate --compromised: replaces at once what is issued and trusted', async (t) => {
  const repository = await made(t);
  const first = repository.files();
  const done = await stage(t, repository, START, 'prod', 'etcd-ca', '--compromised');
  t.regex(done.stdout, /^rotate prod\/etcd-ca: Compromised, .*locked out/u);
  t.regex(done.stdout, /^outage: Members refuse each other .*etcd has no quorum/mu);
  t.regex(done.stdout, /^ {2}1\. Put the changed files on all control-plane nodes at once$/mu);
  const bundle = 'deploy/prod/nodes/cp-1/etc/kubernetes/pki/etcd/ca.crt';
  t.is(certificates(repository.read(bundle)), 1);
  t.not(repository.read(bundle), first[bundle]);
  t.is((await repository.run(['plan', '--now', START])).status, 0);
});

test('rotate --compromised: a shared authority is replaced although a cluster has one below it, which is rotated afterwards', async (t) => {
  const repository = await made(t);
  const replaced = await stage(t, repository, START, '_shared', 'root', '--compromised');
  t.regex(
    replaced.stdout,
    /^RotationNeeded prod\/mesh: issuer "_shared\/root\/[0-9a-f]{16}" is gone$/mu,
  );
  const status = await repository.run(['rotate', 'prod', '--status', '--now', START]);
  t.is(status.status, 0, status.stderr);
  await stage(t, repository, START, 'prod', 'mesh', '--compromised');
  const plan = await repository.run(['plan', '--now', START]);
  t.deepEqual([plan.status, plan.stdout], [0, 'nothing to do: 2 clusters are as declared\n']);
});

test('rotate --status: says where keysets stand, since which commit, and what may follow when', async (t) => {
  const repository = await made(t);
  await stage(t, repository, '2026-01-02T00:00:00Z', 'prod', 'ca');
  const commit = repository.git('rev-parse', 'HEAD');
  const text = await repository.run(['rotate', '--status', '--now', '2026-01-02T12:00:00Z']);
  t.regex(
    text.stdout,
    /^prod\/etcd-ca: steady, [0-9a-f]{16} is issuing until 2035-[^,]*, due for rotation on 2034-/mu,
  );
  t.regex(text.stdout, /^prod\/ca: accepted, [0-9a-f]{16} is issuing, [0-9a-f]{16} is incoming$/mu);
  t.regex(text.stdout, /^ {2}next: issue, not before 2026-01-03T00:00:00.000Z$/mu);
  t.regex(text.stdout, /^ {2}before issue: See that kube-root-ca\.crt has both certificates/mu);
  const json = await repository.run(['rotate', 'prod', 'ca', '--status', '-o', 'json']);
  const { rotations } = JSON.parse(json.stdout) as { rotations: Record<string, unknown>[] };
  t.is(rotations.length, 1);
  const steps = (name: string): Record<string, unknown>[] =>
    rotations[0]?.[name] as Record<string, unknown>[];
  t.like(steps('before')[0], {
    title: 'Keep kubeadm from signing until the rotation has ended',
    commands: [],
  });
  t.like(steps('steps')[0], {
    title: 'Put the changed files on control-plane nodes, one node at a time',
    where: 'each control-plane node',
  });
  t.true(repository.read(PAGE).includes((steps('steps')[0]?.['commands'] as string[]).join('\n')));
  t.like(rotations[0], {
    keyset: 'prod/ca',
    standing: 'accepted',
    since: '2026-01-02T00:00:00.000Z',
    commit,
    next: 'issue',
    notBefore: '2026-01-03T00:00:00.000Z',
    blockers: [],
  });
});

test('rotate: soaks on the base branch, not on a branch of its own', async (t) => {
  const repository = await made(t);
  repository.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
  repository.git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main');
  await stage(t, repository, '2026-01-02T00:00:00Z', 'prod', 'ca');
  const late = ['prod', 'ca', '--now', '2026-02-01T00:00:00Z'];
  await refuses(t, repository, /not on the base branch/u, 1, ...late);
  repository.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
  await stage(t, repository, '2026-02-01T00:00:00Z', 'prod', 'ca');
});

test('rotate: which branch of a remote is the base is not guessed', async (t) => {
  const repository = await made(t);
  const remote = 'https://git.example.com/fleet.git';
  repository.git('remote', 'add', 'upstream', remote);
  const steady = await rotate(repository, '--status');
  t.is(steady.status, 0, 'nothing is under way, so nobody has to know');
  const message =
    /which branch of "upstream" is the default one.* \[ERR_READ\][^]*set-head upstream/u;
  await refuses(t, repository, message, 1, 'prod', 'ca', '--now', START);
  repository.git('update-ref', 'refs/remotes/upstream/main', 'HEAD');
  repository.git('symbolic-ref', 'refs/remotes/upstream/HEAD', 'refs/remotes/upstream/main');
  await stage(t, repository, '2026-01-02T00:00:00Z', 'prod', 'ca');
  const late = ['prod', 'ca', '--now', '2026-02-01T00:00:00Z'];
  await refuses(t, repository, /not on the base branch/u, 1, ...late);
  repository.git('symbolic-ref', '--delete', 'refs/remotes/upstream/HEAD');
  await refuses(t, repository, message, 1, ...late);
});

test('rotate: what git is configured to show has no part in a soak', async (t) => {
  const repository = await made(t);
  repository.git('config', 'diff.cdk8s-pki.textconv', 'false');
  repository.git('config', 'log.showRoot', 'false');
  await stage(t, repository, '2026-01-02T00:00:00Z', 'prod', 'ca');
  const { stdout } = await rotate(repository, 'prod', 'ca', '--status');
  t.regex(stdout, /on the base branch since 2026-01-02T00:00:00.000Z/u);
});

test('rotate: a stage follows what is merged, with all files, and is alone in its change', async (t) => {
  const repository = await made(t);
  await stage(t, repository, '2026-01-02T00:00:00Z', 'prod', 'ca');
  const accepted = repository.read(BUNDLE);
  repository.git('checkout', '--quiet', 'HEAD~1', '--', BUNDLE);
  repository.commit('a conflict is solved by what the base has', '2026-01-02T00:00:00Z');
  const now = '2026-01-04T00:00:00Z';
  const gate = await repository.run(['verify', '--base', 'HEAD~2', '--now', now]);
  t.is(gate.status, 3);
  t.regex(gate.stdout, /^error StageIncomplete: .* prod\/ca is at another stage, .*\/ca\.crt/mu);

  await repository.run(['synth', '--now', now], { as: alice });
  t.is(repository.read(BUNDLE), accepted);
  const late = ['prod', 'ca', '--now', now];
  const message = /has changes that are not on the base branch: .* \[ERR_ROTATION\][^]*\/ca\.crt/u;
  await refuses(t, repository, message, 1, ...late);
  await refuses(t, repository, message, 1, 'prod', 'etcd-ca', '--now', now);
  repository.commit('what follows the stage', now);
  await stage(t, repository, now, 'prod', 'ca');
});

test('verify: two stages in one change are found, and one that was taken back is none', async (t) => {
  const repository = await made(t);
  await stage(t, repository, '2026-01-02T00:00:00Z', 'prod', 'ca');
  await stage(t, repository, '2026-01-04T00:00:00Z', 'prod', 'ca');
  const gate = (base: string): Promise<Result> =>
    repository.run(['verify', '--base', base, '--now', '2026-01-04T00:00:00Z']);
  const { status, stdout } = await gate('HEAD~2');
  t.is(status, 3);
  t.regex(stdout, /^error StagesSkipped: .* prod\/ca goes from [0-9a-f]{16} issuing to /mu);
  t.notRegex((await gate('HEAD~1')).stdout, /StagesSkipped/u);
  await stage(t, repository, '2026-01-04T00:00:00Z', 'prod', 'ca', '--abort');
  t.notRegex((await gate('HEAD~1')).stdout, /StagesSkipped/u);
});

test('rotate: a stage that git revert took away may have signed, so nothing is dropped', async (t) => {
  const repository = await made(t);
  await stage(t, repository, '2026-01-02T00:00:00Z', 'prod', 'ca');
  await stage(t, repository, '2026-01-04T00:00:00Z', 'prod', 'ca');
  repository.git('revert', '--no-edit', 'HEAD');
  const now = ['--now', '2026-12-01T00:00:00Z'];
  const message = /may not follow yet \[ERR_ROTATION\]\n.*revision 3 of it was taken back in git/u;
  await refuses(t, repository, message, 1, 'prod', 'ca', '--abort', ...now);
  await refuses(t, repository, message, 1, 'prod', 'ca', ...now);
  repository.git('revert', '--no-edit', 'HEAD');
  await stage(t, repository, '2026-12-01T00:00:00Z', 'prod', 'ca', '--abort');
});

test('rotate: what a reverted retirement brings back signs again only once it is trusted again', async (t) => {
  const repository = await made(t);
  for (const now of ['2026-01-02T00:00:00Z', '2026-01-04T00:00:00Z'])
    await stage(t, repository, now, 'prod', 'ca');
  await stage(t, repository, '2026-01-06T00:00:00Z', 'prod', 'ca', '--accept-lockout');
  repository.git('revert', '--no-commit', 'HEAD');
  repository.commit('Revert', '2026-01-07T00:00:00Z');
  const early = ['prod', 'ca', '--now', '2026-01-07T12:00:00Z'];
  const message =
    /"--abort" of "prod\/ca" may not follow before 2026-01-08T00:00:00.000Z \[ERR_ROTATION\]\n.*the stage retire was taken back[^]*with the steps that ROTATION\.md has for accept/u;
  await refuses(t, repository, message, 1, ...early, '--abort');
  const { stdout } = await repository.run(['rotate', '--status', ...early.slice(2)]);
  t.regex(
    stdout,
    /issuing again \(its certificate ends on [^)]*\), not before 2026-01-08T00:00:00.000Z, as the stage retire was/u,
  );
  const again = [...stdout.matchAll(/^ {2}before --abort: (.*)$/gmu)].map(([, title]) => title);
  const accepting = rolloutSteps('ca', 'accept', []).map(({ title }) => title);
  t.deepEqual(again, accepting);
  const json = await repository.run(['rotate', '--status', ...early, '-o', 'json']);
  const { rotations } = JSON.parse(json.stdout) as {
    rotations: { beforeAbort: { title: string }[] }[];
  };
  t.deepEqual(
    rotations.map(({ beforeAbort }) => beforeAbort.map(({ title }) => title)),
    [accepting],
  );
  await stage(t, repository, '2026-01-08T12:00:00Z', 'prod', 'ca', '--abort');
});

test('rotate: a shallow clone cannot tell since when a stage is merged, which is an error and no guess', async (t) => {
  const repository = await made(t);
  await stage(t, repository, '2026-01-02T00:00:00Z', 'prod', 'ca');
  const late = ['prod', 'ca', '--now', '2026-02-01T00:00:00Z'];
  repository.write('.git/shallow', `${repository.git('rev-parse', 'HEAD')}\n`);
  await refuses(t, repository, /this clone is shallow: .* \[ERR_READ\]/u, 1, ...late);
  repository.remove('.git/shallow');
  await stage(t, repository, '2026-02-01T00:00:00Z', 'prod', 'ca');
});

const MISTAKES: readonly (readonly [string, RegExp, readonly string[]])[] = [
  ['no names', /rotate takes the names of a cluster and of a keyset/u, []],
  ['no keyset', /rotate takes the names of a cluster and of a keyset/u, ['prod']],
  ['an unknown keyset', /"prod\/cA" is no keyset of the store/u, ['prod', 'cA']],
  ['an unknown cluster', /"stage\/ca" is no keyset of the store/u, ['stage', 'ca']],
  ['two verbs', /--status and --abort exclude each other/u, ['prod', 'ca', '--status', '--abort']],
  [
    'a lockout with an abort',
    /--accept-lockout and --abort exclude each other/u,
    ['prod', 'ca', '--accept-lockout', '--abort'],
  ],
];

for (const [what, message, args] of MISTAKES)
  test(`rotate: ${what} is refused, and nothing is written`, async (t) => {
    await refuses(t, await made(t), message, 2, ...args);
  });

test('rotate: needs an identity, and a tree that is as declared', async (t) => {
  const repository = await made(t);
  const before = repository.files();
  const without = await repository.run(['rotate', 'prod', 'ca', '--now', START]);
  t.is(without.status, 1);
  t.regex(without.stderr, /need an identity of a custodian \[ERR_IDENTITY_NEEDED\]/u);
  t.deepEqual(repository.files(), before);
  repository.write('clusters/main.js', MAIN.replace('web.example.com', 'www.example.com'));
  const message = /the tree is not as declared: this must be alone in its change/u;
  await refuses(t, repository, message, 1, 'prod', 'ca', '--now', START);
});

test('rotate --dry-run: says what a stage would do, and does nothing', async (t) => {
  const repository = await made(t);
  const before = repository.files();
  const dry = await repository.run(['rotate', 'prod', 'ca', '--dry-run', '--now', START]);
  t.is(dry.status, 0, dry.stderr);
  t.regex(dry.stdout, /^rotate prod\/ca: Accept, .* \[needs an identity\]$/mu);
  t.deepEqual(repository.files(), before);
  const done = await stage(t, repository, START, 'prod', 'ca');
  const counts = (text: string, pattern: RegExp): number[] =>
    (pattern.exec(text) ?? []).slice(1).map(Number);
  const [creates = 0, updates = 0] = counts(
    dry.stdout,
    /^files: (\d+) to create, (\d+) to update$/mu,
  );
  t.true(creates > 0 && updates > 0);
  // the new entry has no name before its key is made
  t.deepEqual(counts(done.stdout, /^files: (\d+) created, (\d+) updated$/mu), [
    creates + 1,
    updates,
  ]);
});
