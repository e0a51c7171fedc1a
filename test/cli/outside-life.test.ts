import test, { type ExecutionContext } from 'ava';
import { newPerson, Repository, type Result } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const START = '2026-01-01T00:00:00Z';
const KEYSET = 'deploy/prod/pki/ca/keyset.yaml';

interface Lives {
  /** Of what kube-controller-manager signs. */
  readonly signing?: string;
  readonly token?: string;
  readonly clusters?: readonly string[];
}

const main = ({ signing, token = 'days(30)', clusters = ['prod'] }: Lives = {}): string => `
import * as pki from 'cdk8s-pki';
const { Duration } = pki;
const defaults = { rotation: { maxTokenLife: Duration.${token} } };
const app = new pki.App({ recipients: ['${alice.recipient}'], defaults });
const shared = new pki.CertificateAuthority(app, 'shared-ca');
${clusters
  .map(
    (name) => `
new pki.KubeadmCluster(app, '${name}', {
  ${name === 'prod' ? '' : 'ca: shared,'}
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'api.example.com',
  controlPlaneNodes: [{ name: 'cp-1', advertiseAddress: '10.0.0.11' }],
  ${signing === undefined ? '' : `clusterSigningDuration: Duration.${signing},`}
});`,
  )
  .join('')}
export default app;
`;

async function made(t: ExecutionContext, lives: Lives = {}): Promise<Repository> {
  const repository = new Repository(t, { 'clusters/main.js': main(lives) });
  await declared(t, repository, lives, START);
  return repository;
}

/** Without an identity: what is remembered is in the clear. */
async function declared(
  t: ExecutionContext,
  repository: Repository,
  lives: Lives,
  now: string,
): Promise<Result> {
  repository.write('clusters/main.js', main(lives));
  const result = await repository.run(['synth', '--now', now]);
  t.is(result.status, 0, result.stderr);
  repository.commit('synth', now);
  return result;
}

async function stages(
  t: ExecutionContext,
  repository: Repository,
  keyset: readonly string[],
  ...instants: readonly string[]
): Promise<void> {
  for (const now of instants) {
    const result = await repository.run(['rotate', ...keyset, '--now', now], { as: alice });
    t.is(result.status, 0, result.stderr);
    repository.commit('a stage', now);
  }
}

const status = async (repository: Repository, ...keyset: readonly string[]): Promise<string> =>
  (await repository.run(['rotate', ...keyset, '--status'])).stdout;

const CA = ['prod', 'ca'] as const;
const KEY = ['prod', 'service-account-key'] as const;
const STAGES = ['2026-02-02T00:00:00Z', '2026-02-03T00:00:00Z'] as const;
/** A day later: the clock of a tree only goes on. */
const KEY_STAGES = ['2026-02-03T00:00:00Z', '2026-02-04T00:00:00Z'] as const;

test('retire: waits for what was declared while the entry signed, though less was declared before accept', async (t) => {
  const repository = await made(t);
  await declared(t, repository, { signing: 'days(1)', token: 'hours(1)' }, '2026-02-01T00:00:00Z');
  await stages(t, repository, CA, ...STAGES);
  const text = await status(repository, ...CA);
  t.regex(text, /^ {2}next: retire, not before 2027-02-04T00:00:00.000Z$/mu);
  t.regex(text, /^ {2}the soak is 24h, as declared now$/mu);
  t.regex(
    text,
    /^ {2}remembered: what [0-9a-f]{16} signed outside of the tree lives up to 8760h, though 24h is declared now$/mu,
  );
  t.regex(repository.read('deploy/prod/ROTATION.md'), /not before 8784h after the change/u);
  await stages(t, repository, KEY, ...KEY_STAGES);
  t.regex(await status(repository, ...KEY), /retire, not before 2026-03-07T00:00:00.000Z$/mu);
});

test('retire: waits for what was declared while the entry signed, though less is declared after issue', async (t) => {
  const repository = await made(t, { signing: 'days(30)' });
  await stages(t, repository, CA, ...STAGES);
  await stages(t, repository, KEY, ...KEY_STAGES);
  await declared(t, repository, { signing: 'hours(1)', token: 'hours(1)' }, '2026-02-05T00:00:00Z');
  for (const [keyset, day] of [
    [CA, '06'],
    [KEY, '07'],
  ] as const) {
    const early = ['rotate', ...keyset, '--now', '2026-02-07T00:00:00Z'];
    const refused = await repository.run(early, { as: alice });
    t.is(refused.status, 1);
    t.true(refused.stderr.includes(`may not follow before 2026-03-${day}T00:00:00.000Z`));
  }
});

test('retire: waits for what a shared authority signed for a cluster that is gone', async (t) => {
  const repository = await made(t, { signing: 'days(30)', clusters: ['prod', 'edge'] });
  const shared = ['_shared', 'shared-ca'];
  await stages(t, repository, shared, ...STAGES);
  repository.write('clusters/main.js', main({ signing: 'days(30)' }));
  const removed = await repository.run(['remove', 'edge', '--now', '2026-02-04T00:00:00Z']);
  t.is(removed.status, 0, removed.stderr);
  await declared(t, repository, { signing: 'days(30)' }, '2026-02-04T00:00:00Z');
  t.regex(
    await status(repository, ...shared),
    /^ {2}next: retire, not before 2026-03-06T00:00:00.000Z$/mu,
  );
});

test('a longer life is remembered without an identity, and the soak of the stage goes on', async (t) => {
  const repository = await made(t, { signing: 'days(30)' });
  const before = repository.read(KEYSET);
  await stages(t, repository, CA, STAGES[0]);
  const { stdout } = await declared(t, repository, { signing: 'days(60)' }, '2026-02-02T12:00:00Z');
  t.regex(stdout, /^remember prod\/ca: OutsideLife, .* may live 1440h/mu);
  t.regex(
    await status(repository, ...CA),
    /^ {2}next: issue, not before 2026-02-03T00:00:00.000Z$/mu,
  );
  await declared(t, repository, { signing: 'days(1)' }, '2026-02-02T13:00:00Z');
  const after = repository.read(KEYSET);
  t.regex(before, /outsideLife: 720h\n/u);
  t.regex(after, /outsideLife: 1440h\n/u);
  t.is(after.match(/outsideLife/gu)?.length, 1, 'the incoming entry has signed nothing');
  await stages(t, repository, CA, STAGES[1]);
  t.regex(repository.read(KEYSET), /outsideLife: 24h\n/u, 'what issues now never knew more');
  t.regex(await status(repository, ...CA), /retire, not before 2026-04-05T00:00:00.000Z$/mu);
});

test('a tree that remembers nothing knows what its kube-controller-managers were told', async (t) => {
  const repository = await made(t);
  const forget = repository.read(KEYSET).replaceAll(/^ +outsideLife: .*\n/gmu, '');
  repository.write(KEYSET, forget);
  repository.commit('as an older version wrote it', START);
  const { status: code } = await repository.run(['verify', '--now', START]);
  t.is(code, 0);
  await declared(t, repository, { signing: 'days(1)' }, '2026-02-01T00:00:00Z');
  t.regex(repository.read(KEYSET), /outsideLife: 8760h\n/u);
});

test('what a keyset remembers is not taken back by hand: synth refuses it, and the gate', async (t) => {
  const repository = await made(t);
  repository.write(KEYSET, repository.read(KEYSET).replace('8760h', '1h'));
  const refused = await repository.run(['synth', '--now', START]);
  t.is(refused.status, 1);
  t.regex(refused.stderr, /keyset "prod\/ca" has forgotten how long .*\[ERR_KEYSET_STATE\]/u);
  repository.commit('a shorter life', START);
  const gate = await repository.run(['verify', '--base', 'HEAD~1', '--now', START]);
  t.is(gate.status, 3);
  t.regex(
    gate.stdout,
    /^error OutsideLifeLower: .* prod\/ca: [0-9a-f]{16} remembered .* 8760h, now 1h/mu,
  );
});
