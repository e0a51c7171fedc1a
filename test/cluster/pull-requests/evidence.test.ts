import { declaration } from '../../_helpers/declaration.ts';
import { answers, FakeKubectl, mirrorPods, ROOT_CA, SYSTEM } from '../../_helpers/fake-kubectl.ts';
import type { Result } from '../../_helpers/run-cli.ts';
import { Fleet } from './_fleet.ts';
import { gitea, onGitea } from './_gitea.ts';

const DAY = 86_400_000;
/** Merges are dated by Gitea's clock; a stage soaks for a day from them. */
const inDays = (days: number): string => new Date(Date.now() + days * DAY).toISOString();
const KEYSETS = ['etcd-ca', 'front-proxy-ca'];
const AUTOMATIC = 'defaults: { rotation: { automatic: true, maxTokenLife: pki.Duration.days(1) } }';
const CLUSTER = `new pki.KubeadmCluster(app, 'prod', {
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'api.example.com',
  controlPlaneNodes: [{ name: 'cp-1', advertiseAddress: '10.0.0.11' }],
  clusterSigningDuration: pki.Duration.days(30),
});`;

onGitea(
  'renew --pull-request --kubeconfig: stages of two keysets are open side by side, follow what the cluster says, and stay while it is silent',
  async (t) => {
    const made = inDays(-3);
    const own = await Fleet.create(t, gitea(), ['alpha'], made);
    const { repository, custodian, token } = own;
    const kubectl = new FakeKubectl(repository.path('node_modules/.kubectl'));
    const { recipient } = custodian;
    repository.write(
      'clusters/main.js',
      declaration({
        ...{ recipients: [recipient], clusters: ['alpha'] },
        app: AUTOMATIC,
        extra: CLUSTER,
      }),
    );
    const synth = await repository.run(['synth', '--now', made], { as: custodian });
    t.is(synth.status, 0, synth.stderr);
    repository.commit('A cluster');
    own.push('main');
    const renew = (...args: readonly string[]): Promise<Result> =>
      own.propose(inDays(0.1), args, kubectl.environment);
    const ASK = ['--kubeconfig', 'k.conf'];
    const titles = async (): Promise<string[]> =>
      (await own.pulls('open')).map(({ title }) => title).sort();
    const stages = (stage: string): string[] =>
      KEYSETS.map((keyset) => `Rotate prod/${keyset}: ${stage}`);
    const update = (): void => {
      own.fetch();
      repository.git('reset', '-q', '--hard', 'origin/main');
    };

    for (const keyset of KEYSETS) {
      const asked = await repository.run(
        ['rotate', 'prod', keyset, '--pull-request', '--now', inDays(0)],
        { as: custodian, environment: { GITEA_TOKEN: token } },
      );
      t.is(asked.status, 0, asked.stderr);
    }
    t.deepEqual(await titles(), stages('accept (stage 1 of 3)'));
    const [one] = await own.pulls('open');
    if (one !== undefined) await own.merge(one);
    const rebuilt = await renew();
    t.regex(rebuilt.stdout, /^rebuilt cdk8s-pki\/rotate\/prod\//mu, rebuilt.stderr);
    const [other, ...more] = await own.pulls('open');
    t.is(more.length, 0);
    if (other !== undefined) await own.merge(other);
    update();

    const bundle = repository.read('deploy/prod/nodes/cp-1/etc/kubernetes/pki/front-proxy-ca.crt');
    const told = `${SYSTEM}/configmaps/extension-apiserver-authentication`;
    const all = {
      ...answers(repository, mirrorPods(repository)),
      [told]: { data: { 'requestheader-client-ca-file': bundle } },
    };
    kubectl.says(all, ['prod']);
    const soaking = await renew();
    t.is(soaking.status, 0, soaking.stderr);
    t.deepEqual(await titles(), [], 'without the flag it soaks');
    const opened = await renew(...ASK);
    t.is(opened.status, 0, opened.stderr);
    t.deepEqual(await titles(), stages('issue (stage 2 of 3)'));
    const pulls = await own.pulls('open');
    for (const { body } of pulls)
      t.regex(
        body,
        /^\*\*Evidence\.\*\* issue follows by what the cluster says[^]*^- seen: all 4/mu,
      );

    kubectl.says({ ...all, [ROOT_CA]: 'The connection to the server x was refused' }, ['prod']);
    const silent = await renew(...ASK);
    t.is(silent.status, 0, silent.stderr);
    t.regex(silent.stderr, /prod could not be asked, so its stages wait: .* there is no answer/u);
    t.regex(
      silent.stdout,
      /^unchanged cdk8s-pki\/rotate\/prod\/etcd-ca: its cluster could not be asked whether its time has come; it stays open until that is known/mu,
    );
    const left = await own.pulls('open');
    t.deepEqual(
      left.map(({ head, body }) => [head.sha, body]),
      pulls.map(({ head, body }) => [head.sha, body]),
    );
    for (const pull of left) t.deepEqual(await own.comments(pull), []);

    kubectl.says({ ...all, [told]: 'Error from server (NotFound): none' }, ['prod']);
    const lacking = await renew(...ASK);
    t.is(lacking.status, 0, lacking.stderr);
    t.deepEqual(await titles(), stages('issue (stage 2 of 3)').slice(0, 1));
  },
);
