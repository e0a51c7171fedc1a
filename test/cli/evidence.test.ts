import { createHash, createPublicKey } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { answers, FakeKubectl, mirrorPods, ROOT_CA, SYSTEM } from '../_helpers/fake-kubectl.ts';
import { newPerson, Repository, type Result, synthesized } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const START = '2026-01-01T00:00:00Z';
/** An hour after a stage is merged, of a soak of a day. */
const EARLY = '2026-01-02T01:00:00Z';
const MAIN = `
import * as pki from 'cdk8s-pki';
const app = new pki.App({ recipients: ['${alice.recipient}'] });
const prod = new pki.KubeadmCluster(app, 'prod', {
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'api.example.com',
  controlPlaneNodes: [{ name: 'cp-1', advertiseAddress: '10.0.0.11' }],
});
export default app;
`;
const NODE = 'deploy/prod/nodes/cp-1/etc/kubernetes';

/** etcd-ca is accepted, and that is merged. */
async function accepted(
  t: ExecutionContext,
): Promise<{ repository: Repository; kubectl: FakeKubectl; rotate: Rotate }> {
  const repository = await synthesized(t, MAIN, START);
  const kubectl = new FakeKubectl(repository.path('node_modules/.kubectl'));
  const rotate: Rotate = (...args) =>
    repository.run(['rotate', ...args, '--now', EARLY, '--kubeconfig', 'k.conf'], {
      as: alice,
      environment: kubectl.environment,
    });
  const first = await repository.run(['rotate', 'prod', 'etcd-ca', '--now', START], { as: alice });
  t.is(first.status, 0, first.stderr);
  repository.commit('accept', '2026-01-02T00:00:00Z');
  return { repository, kubectl, rotate };
}

type Rotate = (...args: readonly string[]) => Promise<Result>;

test('rotate: a stage that the cluster has rolled out is followed before its soak is over', async (t) => {
  const { repository, kubectl, rotate } = await accepted(t);
  const pods = mirrorPods(repository);
  kubectl.says(answers(repository, pods), ['prod']);

  const without = await repository.run(['rotate', 'prod', 'etcd-ca', '--now', EARLY], {
    as: alice,
    environment: kubectl.environment,
  });
  t.is(without.status, 1, 'without the flag it soaks');
  t.regex(without.stderr, /may not follow before 2026-01-03T00:00:00.000Z/u);

  const status = await rotate('prod', 'etcd-ca', '--status');
  t.is(status.status, 0, status.stderr);
  t.regex(status.stdout, /^ {2}next: issue, not before 2026-01-02T00:00:00.000Z$/mu);
  t.regex(status.stdout, /^ {2}evidence: instead of 2026-01-03T00:00:00.000Z$/mu);
  t.regex(status.stdout, /^ {4}seen: all 4 static pods /mu);
  t.regex(status.stdout, /^ {4}nobody can see: backup jobs/mu);
  const json = await rotate('prod', 'etcd-ca', '--status', '-o', 'json');
  const { rotations } = JSON.parse(json.stdout) as { rotations: Record<string, unknown>[] };
  t.like(rotations[0]?.['evidence'], { isRolledOut: true, lacks: [] });

  const issued = await rotate('prod', 'etcd-ca');
  t.is(issued.status, 0, issued.stderr);
  t.regex(issued.stdout, /^rotate prod\/etcd-ca: Issue, /u);
  t.regex(
    issued.stdout,
    /^evidence: issue follows by what the cluster says, without it not before 2026-01-03/mu,
  );
});

test('rotate: a static pod that has not started with the stage, and each doubt of another kind, waits', async (t) => {
  const { repository, kubectl, rotate } = await accepted(t);
  const before = repository.files();
  const waits = async (says: Record<string, unknown>, why: RegExp, contexts = ['prod']) => {
    kubectl.says(says, contexts);
    const result = await rotate('prod', 'etcd-ca');
    t.is(result.status, 1, String(why));
    t.regex(result.stderr, /may not follow before 2026-01-03T00:00:00.000Z/u);
    t.regex(result.stderr, why);
    t.deepEqual(repository.files(), before);
  };
  const pods = mirrorPods(repository);
  const [etcd, ...others] = pods;
  if (etcd === undefined) throw new Error('no etcd');
  const annotations = { ...etcd.metadata.annotations, 'cdk8s-pki/files': 'earlier' };
  const stale = { ...etcd, metadata: { ...etcd.metadata, annotations } };
  await waits(answers(repository, [stale, ...others]), /etcd of cp-1 runs with other files/u);
  await waits(
    { ...answers(repository, pods), [`${SYSTEM}/pods`]: 'Error from server (Forbidden): pods' },
    /the pods of kube-system cannot be seen: it is forbidden/u,
  );
  await waits(answers(repository, pods), /"k.conf" has no context "prod"/u, ['other']);
});

test('rotate: another cluster, one that does not answer and one that is not verified are errors', async (t) => {
  const { repository, kubectl, rotate } = await accepted(t);
  const before = repository.files();
  const pods = mirrorPods(repository);
  const refuses = async (message: RegExp): Promise<void> => {
    const result = await rotate('prod', 'etcd-ca');
    t.is(result.status, 1, result.stdout);
    t.regex(result.stderr, message);
    t.regex(result.stderr, /\[ERR_EVIDENCE\]/u);
    t.deepEqual(repository.files(), before);
  };
  const ca = repository.read(`${NODE}/pki/etcd/ca.crt`);
  kubectl.says({ ...answers(repository, pods), [ROOT_CA]: { data: { 'ca.crt': ca } } }, ['prod']);
  await refuses(/the context "prod" leads to is another cluster/u);
  kubectl.says({ [ROOT_CA]: 'The connection to the server x was refused' }, ['prod']);
  await refuses(/cannot be seen: there is no answer/u);
  kubectl.says({ [ROOT_CA]: 'Error from server (Forbidden): no' }, ['prod']);
  await refuses(/cannot be seen: it is forbidden/u);
  kubectl.says(answers(repository, pods), ['prod'], true);
  await refuses(/does not verify who answers/u);
});

test('rotate: the service-account key of a cluster that kubeadm starts is asked of each API server by its address', async (t) => {
  const kubeadm = MAIN.replace('controlPlaneNodes:', "controlPlane: 'kubeadm', controlPlaneNodes:");
  const repository = await synthesized(t, kubeadm, START);
  const kubectl = new FakeKubectl(repository.path('node_modules/.kubectl'));
  const keyset = ['rotate', 'prod', 'service-account-key'];
  const first = await repository.run([...keyset, '--now', START], { as: alice });
  t.is(first.status, 0, first.stderr);
  repository.commit('accept', '2026-01-02T00:00:00Z');
  // kubeadm makes the manifests, with the annotations of the patches
  const pods = mirrorPods(repository, 'kubeadm/patches', '+strategic');
  const blocks = repository
    .read(`${NODE}/pki/sa.pub`)
    .match(/-----BEGIN[^]+?END PUBLIC KEY-----/gu);
  const keys = (blocks ?? []).map((pem) => {
    const spki = createPublicKey(pem).export({ type: 'spki', format: 'der' });
    return { kid: createHash('sha256').update(spki).digest('base64url') };
  });
  t.is(keys.length, 2);
  const status = async (published: readonly object[]): Promise<string> => {
    const jwks = { '10.0.0.11:6443 /openid/v1/jwks': { keys: published } };
    kubectl.says({ ...answers(repository, pods), ...jwks }, ['prod']);
    const asked = ['--status', '--kubeconfig', 'k.conf', '--now', EARLY];
    const { environment } = kubectl;
    return (await repository.run([...keyset, ...asked], { environment })).stdout;
  };
  t.regex(await status(keys), /^ {2}evidence: instead of 2026-01-03[^]* publishes every key/mu);
  t.regex(await status(keys.slice(1)), /^ {4}lacking: the API server of cp-1 does not publish/mu);
});

test('--kubeconfig is refused where nothing is waited for', async (t) => {
  const repository = await synthesized(t, MAIN, START);
  for (const args of [
    ['rotate', 'prod', 'etcd-ca', '--compromised'],
    ['rotate', 'prod', 'etcd-ca', '--abort'],
    ['renew'],
  ]) {
    const { status, stderr } = await repository.run([...args, '--kubeconfig', 'k.conf']);
    t.is(status, 2, stderr);
  }
});
