import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { Fleet } from '../_helpers/fleet.ts';
import { NodeRoot } from '../_helpers/node-root.ts';
import type { Ran } from '../_helpers/run-program.ts';
import { toolPath } from '../_helpers/tools.ts';
import { clusterTest, watch } from './_cluster-test.ts';
import * as kubernetes from './_kubernetes.ts';
import { ControlPlane } from './_machines/control-plane.ts';
import type { Machine } from './_machines/machine.ts';
import { CONTROLLERS_WITHOUT_COLLECTOR, mirrorPods } from './_mirror-pods.ts';

const PLACE = { cluster: 'edge-1', node: 'node-1', addresses: ['192.0.2.10/24'] } as const;
const CONTROLLERS = ['kube-controller-manager', 'kube-scheduler'];
const KEYSETS = ['etcd-ca', 'front-proxy-ca', 'service-account-key'];
const RBAC = readFileSync(
  path.resolve(import.meta.dirname, '../../examples/evidence/rbac.yaml'),
  'utf8',
);
const DECLARATION = `
import { readFileSync } from 'node:fs';
import * as pki from 'cdk8s-pki';
const recipients = JSON.parse(readFileSync('recipients.json', 'utf8'));
const app = new pki.App({ recipients: [recipients.custodian], deliveryRecipients: [recipients.flux] });
new pki.KubeadmCluster(app, 'edge-1', {
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'edge-1.example.com',
  controlPlaneNodes: [
    { name: 'node-1', advertiseAddress: '192.0.2.10', recipients: [recipients['node-1']] },
  ],
  controllerManager: { extraArgs: { controllers: '${CONTROLLERS_WITHOUT_COLLECTOR}' } },
});
export default app;
`;
const DAY = 86_400_000;
const START = new Date(Date.now() - 20 * DAY);
/** All happens on one day: the soak of a stage is another. */
const at = (hour: number): Date => new Date(START.getTime() + hour * 3_600_000);

let fleet: Fleet;
let plane: ControlPlane | undefined;
let node: Machine;
/** The break-glass kubeconfig; and that of the user with the rights of the example. */
let administrator: string;
let evidence: string;

test.before(async () => {
  fleet = await Fleet.prepare();
  fleet.write('clusters/main.ts', DECLARATION);
  await cli(['synth'], START);
  await fleet.commit(START);
});
watch(
  () => fleet,
  () => plane,
);

async function cli(args: readonly string[], now: Date): Promise<void> {
  const dated = [...args, '--now', now.toISOString()];
  const { status, stderr } = await fleet.cli(dated, 'custodian');
  if (status !== 0) throw new Error(`${args.join(' ')}: status ${status}\n${stderr.toString()}`);
}

/** `cdk8s-pki rotate edge-1` on the node, whose network leads to the API server, with the kubectl of the tools. */
function rotate(hour: number, args: readonly string[]): Promise<Ran> {
  const folder = path.dirname(toolPath('kubectl'));
  const variables = Object.entries({
    ...fleet.environment('custodian'),
    PATH: `${folder}:${process.env['PATH'] ?? ''}`,
  }).map((variable) => variable.join('='));
  const program = [process.execPath, path.resolve(import.meta.dirname, '../../dist/cli.js')];
  const asked = ['--kubeconfig', evidence, '--now', at(hour).toISOString()];
  const command = [...program, 'rotate', PLACE.cluster, ...args, ...asked];
  return node.runFile('/usr/bin/env', ['-i', '-C', fleet.root, ...variables, ...command]);
}

interface Seen {
  readonly isRolledOut: boolean;
  readonly holds: readonly string[];
  readonly lacks: readonly string[];
}

async function status(t: ExecutionContext, hour: number): Promise<ReadonlyMap<string, Seen>> {
  const ran = await rotate(hour, ['--status', '--output', 'json']);
  t.is(ran.status, 0, ran.stderr.toString());
  const { rotations } = JSON.parse(ran.stdout.toString()) as {
    readonly rotations: readonly { readonly keyset: string; readonly evidence: Seen | null }[];
  };
  return new Map(
    rotations.flatMap(({ keyset, evidence: seen }) =>
      seen === null ? [] : [[keyset.replace('edge-1/', ''), seen] as const],
    ),
  );
}

/** A kubeconfig like that of the user, edited as one text. */
function other(name: string, edit: (text: string) => string): string {
  const file = path.join(node.root.folder, evidence);
  const before = readFileSync(file, 'utf8');
  const after = edit(before);
  if (after === before) throw new Error(`nothing edited for ${name}`);
  return node.write(`${name}.conf`, after);
}

/** What the program says with kubeconfigs, by file. */
async function ask(kubeconfigs: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const script = path.join(import.meta.dirname, '_ask-cluster.ts');
  const program = ['--import', fileURLToPath(import.meta.resolve('tsx')), script];
  const args = [...program, PLACE.cluster, '/etc/kubernetes/pki/ca.crt', ...kubeconfigs];
  const { status: code, stdout, stderr } = await node.runFile(process.execPath, args);
  if (code !== 0) throw new Error(stderr.toString());
  return new Map(Object.entries(JSON.parse(stdout.toString()) as Record<string, string>));
}

type Edit = (kubeconfig: string) => string;

const to =
  (server: string): Edit =>
  (kubeconfig) =>
    kubeconfig.replace(/https:.*$/mu, `https://${server}`);
const as =
  (user: string): Edit =>
  (kubeconfig) =>
    kubeconfig.replace(/client-certificate-data: .*\n +client-key-data: .*/u, user);
const exec = (program: string): string =>
  `exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: ${program}}`;

const sayingOf = (why: string): RegExp =>
  new RegExp(`cannot be seen: ${why} \\[ERR_EVIDENCE\\]$`, 'u');
const NO_ANSWER = sayingOf('there is no answer');
const NO_CREDENTIALS = sayingOf('kubectl cannot use the credentials of the kubeconfig');

/** Kubeconfigs with which nothing is seen: what is wrong with each, and what the program makes of what kubectl says. */
const UNUSABLE: ReadonlyMap<string, { readonly edit: Edit; readonly says: RegExp }> = new Map([
  ['port', { edit: to('192.0.2.10:6444'), says: NO_ANSWER }],
  ['route', { edit: to('192.0.2.99:6443'), says: NO_ANSWER }],
  ['name', { edit: to('edge-2.example.com:6443'), says: NO_ANSWER }],
  [
    'token',
    {
      edit: as('token: nobody-knows-it'),
      says: sayingOf('the API server does not know who asks'),
    },
  ],
  ['nobody', { edit: as('username: ""'), says: NO_CREDENTIALS }],
  ['program', { edit: as(exec('/nowhere')), says: NO_CREDENTIALS }],
  ['failing', { edit: as(exec('/bin/false')), says: NO_CREDENTIALS }],
  ['token-file', { edit: as('tokenFile: /nowhere'), says: NO_CREDENTIALS }],
  ['certificate', { edit: as('client-certificate: /nowhere'), says: NO_CREDENTIALS }],
  [
    'ca',
    {
      edit: (kubeconfig) =>
        kubeconfig.replace(
          /certificate-authority-data: .*/u,
          'certificate-authority: /etc/kubernetes/pki/etcd/ca.crt',
        ),
      says: sayingOf('the API server is not one that the kubeconfig trusts'),
    },
  ],
]);

clusterTest(
  'what kubectl says of a cluster that does not answer, or not to this user, is understood',
  async (t) => {
    plane = await ControlPlane.create(fleet, [PLACE], ['192.0.2.10 edge-1.example.com']);
    node = plane.machine('node-1');
    for (const keyset of KEYSETS) {
      const merged = at(KEYSETS.indexOf(keyset) + 1);
      await cli(['rotate', 'edge-1', keyset], merged);
      await fleet.commit(merged);
    }
    await plane.startPods(['etcd']);
    await plane.startPods(['kube-apiserver']);
    administrator = await kubernetes.breakGlass(fleet, 'edge-1', node);
    const made = await fleet.cli(
      ['kubeconfig', 'edge-1', '--user', 'evidence', '--group', 'pki-evidence'],
      'custodian',
    );
    t.is(made.status, 0, made.stderr.toString());
    evidence = node.write('evidence.conf', made.stdout.toString());
    const own = async (): Promise<string> => (await ask([evidence])).get(evidence) ?? '';
    t.is(await own(), 'no such context');
    await node.succeed('kubectl', [
      ...[`--kubeconfig=${evidence}`, 'config', 'rename-context', 'evidence@edge-1', 'edge-1'],
    ]);
    await refuses(t, /kube-root-ca.crt of "edge-1" cannot be seen: it is forbidden/u);
    await kubernetes.apply(node, administrator, RBAC);
    await kubernetes.allowed(node, evidence, ['list', 'pods', '--namespace=kube-system']);
    // kube-controller-manager, which makes the ConfigMap, has not started
    t.regex(await own(), sayingOf('there is none'));

    const names = [...UNUSABLE].map(([name, { edit }]) => other(name, edit));
    const files = [...names, node.write('broken.conf', 'contexts: ['), '/etc/own/none.conf'];
    const said = await ask(files);
    for (const [name, { says }] of UNUSABLE) t.regex(said.get(`/etc/own/${name}.conf`) ?? '', says);
    t.regex(said.get('/etc/own/broken.conf') ?? '', /^kubectl cannot read .* \[ERR_EVIDENCE\]$/u);
    t.regex(said.get('/etc/own/none.conf') ?? '', /^there is no kubeconfig .* \[ERR_EVIDENCE\]$/u);
  },
);

clusterTest(
  'the rights of the example are enough for what is asked, and for no more',
  async (t) => {
    for (const what of [
      ['list', 'pods', '--namespace=kube-system'],
      ['get', 'configmaps/kube-root-ca.crt', '--namespace=kube-system'],
      ['get', 'configmaps/extension-apiserver-authentication', '--namespace=kube-system'],
      ['get', '/openid/v1/jwks'],
    ])
      t.true(await kubernetes.isAllowed(node, evidence, what), what.join(' '));
    for (const what of [
      ['get', 'secrets', '--namespace=kube-system'],
      ['list', 'secrets', '--all-namespaces'],
      ['list', 'configmaps', '--namespace=kube-system'],
      ['get', 'configmaps/kubeadm-config', '--namespace=kube-system'],
      ['update', 'configmaps/extension-apiserver-authentication', '--namespace=kube-system'],
      ['list', 'pods', '--namespace=default'],
      ['get', 'pods', '--subresource=log', '--namespace=kube-system'],
      ['create', 'pods', '--subresource=exec', '--namespace=kube-system'],
      ['delete', 'pods', '--namespace=kube-system'],
      ['create', 'serviceaccounts', '--subresource=token', '--namespace=kube-system'],
      ['list', 'nodes'],
      ['get', '/metrics'],
    ])
      t.false(await kubernetes.isAllowed(node, evidence, what), what.join(' '));
  },
);

clusterTest(
  'a stage waits while the node runs without it, and is followed before its soak once all has restarted with it',
  async (t) => {
    await plane?.startPods(CONTROLLERS);
    await kubernetes.eventually('kube-root-ca.crt', () =>
      kubernetes.json(node, evidence, ['get', 'configmap/kube-root-ca.crt', '-n', 'kube-system']),
    );
    await mirrorPods(node, administrator);
    const before = await status(t, 4);
    const stale = ['etcd', 'kube-apiserver', 'kube-controller-manager'].map(
      (pod) => `${pod} of node-1 runs with other files than those of this stage`,
    );
    for (const keyset of KEYSETS) t.false(before.get(keyset)?.isRolledOut, keyset);
    t.deepEqual(before.get('etcd-ca')?.lacks, stale);
    t.deepEqual(before.get('front-proxy-ca')?.lacks, [
      ...stale,
      'the ConfigMap kube-system/extension-apiserver-authentication has not the whole trust bundle of this stage',
    ]);
    t.deepEqual(before.get('service-account-key')?.lacks, [
      ...stale,
      'the API server of node-1 does not publish every key of this stage',
    ]);
    await waits(t, 4, 'etcd-ca', /etcd of node-1 runs with other files/u);

    await rollOut();
    const after = await status(t, 4);
    for (const keyset of KEYSETS) {
      t.deepEqual(after.get(keyset)?.lacks, [], keyset);
      t.true(after.get(keyset)?.isRolledOut, keyset);
    }
    t.regex(after.get('front-proxy-ca')?.holds.join('\n') ?? '', /has the trust bundle/u);
    t.regex(after.get('service-account-key')?.holds.join('\n') ?? '', /publishes every key/u);
  },
);

clusterTest(
  'with a right of the example taken away the stage waits, or the program says so',
  async (t) => {
    const inSystem = '--namespace=kube-system';
    const bundle = 'extension-apiserver-authentication';
    const rights = {
      pods: ['list', 'pods', inSystem],
      bundle: ['get', `configmaps/${bundle}`, inSystem],
      keys: ['get', '/openid/v1/jwks'],
      cluster: ['get', 'configmaps/kube-root-ca.crt', inSystem],
    };
    const gone = (...names: readonly (keyof typeof rights)[]): Promise<unknown> =>
      kubernetes.eventually(`no right to ${names.join(', ')}`, async () => {
        const had = await Promise.all(
          names.map((name) => kubernetes.isAllowed(node, evidence, rights[name])),
        );
        return had.includes(true) ? undefined : true;
      });
    const fewer = RBAC.replace('verbs: [list]', 'verbs: [get]').replace(`, ${bundle}]`, ']');
    await kubernetes.apply(node, administrator, fewer);
    const binding = ['delete', 'clusterrolebinding', 'pki-evidence'];
    await node.succeed('kubectl', [`--kubeconfig=${administrator}`, ...binding]);
    await gone('pods', 'bundle', 'keys');
    const seen = await status(t, 4);
    const pods = 'the pods of kube-system cannot be seen: it is forbidden';
    for (const [keyset, lacks] of [
      ['etcd-ca', [pods]],
      [
        'front-proxy-ca',
        [pods, `the ConfigMap kube-system/${bundle} cannot be seen: it is forbidden`],
      ],
      [
        'service-account-key',
        [pods, 'the keys of the API server of node-1 cannot be seen: it is forbidden'],
      ],
    ] as const)
      t.deepEqual([seen.get(keyset)?.isRolledOut, seen.get(keyset)?.lacks], [false, lacks]);

    const none = RBAC.replace('[kube-root-ca.crt, ', '[');
    await kubernetes.apply(node, administrator, none);
    await gone('cluster');
    await refuses(t, /kube-root-ca.crt of "edge-1" cannot be seen: it is forbidden/u);
    await kubernetes.apply(node, administrator, RBAC);
    for (const right of Object.values(rights)) await kubernetes.allowed(node, evidence, right);
  },
);

clusterTest(
  'two stages follow each other within hours, each rolled out before the next',
  async (t) => {
    const issued = await rotate(4, ['etcd-ca']);
    t.is(issued.status, 0, issued.stderr.toString());
    t.regex(issued.stdout.toString(), /^rotate edge-1\/etcd-ca: Issue, /mu);
    t.regex(issued.stdout.toString(), /^evidence: issue follows by what the cluster says/mu);
    await fleet.commit(at(5));
    await waits(t, 6, 'etcd-ca', /etcd of node-1 runs with other files/u);
    await rollOut();
    const retired = await rotate(6, ['etcd-ca']);
    t.is(retired.status, 0, retired.stderr.toString());
    t.regex(retired.stdout.toString(), /^rotate edge-1\/etcd-ca: Retire, /mu);
  },
);

/** The cluster cannot be asked, which is an error. */
async function refuses(t: ExecutionContext, why: RegExp): Promise<void> {
  const ran = await rotate(4, ['etcd-ca']);
  t.is(ran.status, 1, ran.stdout.toString());
  t.regex(ran.stderr.toString(), why);
  t.regex(ran.stderr.toString(), /\[ERR_EVIDENCE\]/u);
  t.is(await fleet.git('status', '--porcelain'), '');
}

/** The next stage does not follow, for a reason. */
async function waits(
  t: ExecutionContext,
  hour: number,
  keyset: string,
  why: RegExp,
): Promise<void> {
  const ran = await rotate(hour, [keyset]);
  t.is(ran.status, 1, ran.stdout.toString());
  t.regex(ran.stderr.toString(), /may not follow before/u);
  t.regex(ran.stderr.toString(), why);
  t.is(await fleet.git('status', '--porcelain'), '');
}

/** The bundle of the tree to the node, and what its kubelet would do then. */
async function rollOut(): Promise<void> {
  const before = node.pods();
  await NodeRoot.installed(fleet, PLACE, path.basename(node.root.folder));
  const hash = 'cdk8s-pki/files';
  const changed = [...node.pods()]
    .filter(([name, { annotations }]) => annotations[hash] !== before.get(name)?.annotations[hash])
    .map(([name]) => name);
  for (const name of changed) await node.restartPod(name, 5);
  await mirrorPods(node, administrator, changed);
}
