import { LOAD, NODES, SERVERS, WORKERS } from './_cluster.ts';
import { putWorkerBundle, startKubelet } from './_kubelet.ts';
import type { Topology } from './_topology.ts';
import * as kubernetes from '../_kubernetes.ts';
import type { Step } from './_runbook.ts';

/** What the commands of a step print when all is well. */
interface Rule {
  readonly title: RegExp;
  /** In place of the machines that its place stands for. */
  readonly on?: readonly string[];
  readonly prints: RegExp;
  /** Left out for a node that is forgotten. */
  readonly node?: true;
  /** What it printed before counts as well, where it was run again. */
  readonly again?: true;
  /** Words of it that stand for something that the test has. */
  readonly stands?: Readonly<Record<string, string>>;
}

const FIRST = ['cp-1'];
const KUBELETS = Object.keys(WORKERS);
/** Machines that a place of the runbook stands for; cp-3 has the files of a control-plane node, but no API server. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  '': FIRST,
  'a control-plane node': FIRST,
  'each control-plane node': SERVERS,
  'each member of etcd': NODES,
  'each node': [...NODES, ...KUBELETS],
  'each other node': KUBELETS,
};
/** What an administrator had before a replacement, where a test has put it. */
export const OLD_KUBECONFIG = '/etc/own/old.conf';
/** In place of systemd: what runs the kubelet is the test. */
const RESTARTS = { on: KUBELETS, prints: /restart kubelet$/u };
/** The bundle of the webhook's authority, as a pod gets it. */
const BUNDLE =
  "kubectl -n kube-system get secret gate-tls -o jsonpath='{.data.ca\\.crt}' | base64 -d";
const SYSTEMCTL = 'systemctl() { echo "$@"; }';

/** For each step with commands; what is not here fails, so that no step is left out unseen. */
const RULES: readonly Rule[] = [
  { title: /^Put the changed files/u, prints: /readyz check passed/u },
  { title: /authentication has both certificates/u, prints: /^2$/u },
  {
    title: /signs with a file of one certificate$/u,
    prints:
      /^--cluster-signing-cert-file=\S+cluster-signing-ca\.crt\n--cluster-signing-key-file=\S+\/ca\.key$/u,
  },
  { title: /^Rebuild extension-apiserver-auth/u, prints: /replaced\n1$/u },
  { title: /^See that kube-root-ca.crt has/u, prints: /^$/u },
  { title: /^See that cluster-info has the bundle/u, prints: /replaced$/u },
  {
    title: /^Look for the authority/u,
    prints: /^ValidatingWebhookConfiguration\/gate 1\nAPIService\/v1\.widgets\S* [12]$/u,
  },
  { title: /^See that nodes are Ready/u, prints: /^(?!.*NotReady)/su },
  { title: /^See that every API server shows/u, prints: /code: 0 \(ok\)$/u },
  { title: /^See that extension API servers answer/u, prints: /^NAME[^\n]*$/u },
  { title: /all members are healthy$/u, prints: /(?:is healthy[^]*){3}/u },
  {
    title: /^See that a server shows a certificate that the issuing/u,
    prints: /code: 0 \(ok\)$/u,
    stands: { '"$ADDRESS"': `${LOAD}:8443`, '-in ca.crt': `-in <(${BUNDLE})` },
  },
  // nothing of it is revoked
  { title: /^(?:Give|Go on giving) (?:both CRLs|the one CRL)/u, on: [], prints: /^/u },
  { title: /^See that every API server reaches etcd/u, prints: /^ok$/u },
  {
    title: /^See that certificates are of the entry that issues/u,
    on: NODES,
    prints: /^(?:.*: OK\n?){4}$/u,
  },
  { title: /^See that both keys are published/u, prints: /^2$/u },
  { title: /^See that one key is published/u, prints: /^1$/u },
  { title: /^See that no token is refused/u, prints: /^/u },
  { title: /^See that no token lives longer/u, prints: /^/u },
  { title: /^Give every kubelet the bundle/u, ...RESTARTS },
  { title: /^Renew the client cert/u, ...RESTARTS, node: true },
  { title: /^Ask for another serving/u, on: KUBELETS, prints: /^$/u },
  { title: /^Give every kubelet the serving/u, ...RESTARTS },
  { title: /^Bootstrap every other node/u, ...RESTARTS },
  {
    title: /^Approve the serving certificates/u,
    prints: /(?:approved[^]*){2}$/u,
    again: true,
  },
  { title: /^See that what the kubelet shows/u, on: KUBELETS, prints: /OK$/u },
  { title: /^See that the kubelet has the bundle/u, prints: /^the same$/u },
  { title: /^Restart Flux/u, prints: /^$/u },
  { title: /^Let servers in the cluster/u, prints: /widgets-tls/u },
  { title: /^Restart extension API servers/u, prints: /^v1\.widgets\.example\.com kube-system/u },
  {
    title: /^See that requests go through the front proxy/u,
    prints: /"kind":"APIResourceList"/u,
    stands: { '/apis/metrics.k8s.io/v1beta1/nodes': '/apis/widgets.example.com/v1/widgets' },
  },
  { title: /^Let those who verify tokens outside/u, prints: /^1$/u },
  { title: /^Go on as the administrator/u, prints: /^$/u },
  { title: /^Restart the kubelet of every control-plane node/u, on: [], prints: /^/u },
  {
    title: /^See that what was signed before is refused/u,
    prints: /You must be logged in to the server/u,
    stands: { 'OLD.conf': OLD_KUBECONFIG },
  },
  { title: /^Look for what was left behind/u, prints: /ClusterRoleBinding/u },
  { title: /^Read what is still wrong/u, prints: /^$/u },
  { title: /^Bootstrap the nodes where that fails/u, on: [], prints: /restart kubelet$/u },
  {
    title: /^See that the certificate of the kubelet is/u,
    prints: /OK$/u,
    node: true,
  },
  { title: /^Make tokens in Secrets anew/u, prints: /^$/u },
];

/** Runs what a step says, in a shell of each node, until it prints what it should; on no node of `forgotten`. */
export async function follow(
  topology: Topology,
  { title, where, script }: Step,
  { forgotten = [], on }: { readonly forgotten?: readonly string[]; readonly on?: string } = {},
): Promise<void> {
  if (/^(?:Give every kubelet the bundle|Put ca\.crt on the other nodes)/u.test(title)) {
    for (const node of KUBELETS) putWorkerBundle(topology.fleet, topology.machine(node).root);
  }
  if (script === '') return;
  const rule = RULES.find((each) => each.title.test(title));
  if (rule === undefined) throw new Error(`nothing is known of the step "${title}"`);
  const nodes = on === undefined ? (rule.on ?? PLACES[where]) : [on];
  if (nodes === undefined) throw new Error(`nothing is known of the place "${where}"`);
  const commands = Object.entries(rule.stands ?? {}).reduce(
    (text, [word, own]) => text.replaceAll(word, own),
    script,
  );
  for (const node of nodes) {
    if (rule.node === true && forgotten.includes(node)) continue;
    const machine = topology.machine(node);
    const shell = `export KUBECONFIG=/etc/kubernetes/admin.conf\n${SYSTEMCTL}\n${commands}`;
    let all = '';
    const output = await kubernetes.eventually(`${node}: ${title}`, async () => {
      const { stdout, stderr } = await machine.runFile('/usr/bin/timeout', [
        '90',
        'bash',
        '-c',
        shell,
      ]);
      const now = stdout.toString().trim();
      all += `${now}\n`;
      const printed = rule.again === true ? all.trim() : now;
      if (rule.prints.test(printed)) return printed;
      throw new Error(`printed ${JSON.stringify(printed)}\n${stderr.toString()}`);
    });
    if (!output.endsWith('restart kubelet')) continue;
    await machine.stop('kubelet');
    startKubelet(machine);
  }
}
