import test from 'ava';
import { execa } from 'execa';
import { rolloutSteps, stepsBefore } from '../../../src/catalog/rotation/rollout.ts';
import type { RunbookStep } from '../../../src/catalog/rotation/runbook.ts';
import { RUNBOOKS } from '../../../src/catalog/rotation/runbooks.ts';
import { OWN_SERVER } from '../../../src/catalog/rotation/steps.ts';
import type { TrustDomain } from '../../../src/model/store/rotation.ts';

const DOMAINS = Object.keys(RUNBOOKS) as TrustDomain[];
const ROLLOUTS = [
  'accept',
  'issue',
  'retire',
  'abort-accept',
  'abort-issue',
  'replace',
  'reissue',
] as const;

const everyStep = (domain: TrustDomain): RunbookStep[] =>
  ROLLOUTS.flatMap((rollout) => [
    ...stepsBefore(domain, rollout),
    ...rolloutSteps(domain, rollout, []),
  ]);

/** Stands for kubectl: a cluster with workloads, one of which never rolls out. */
const KUBECTL = `kubectl() {
  case "$*" in
    'get namespaces -o name') printf 'namespace/%s\n' app argocd flux-system kube-system ;;
    *' get deployments,daemonsets,statefulsets -o name') [ "$2" = argocd ] || printf '%s\n' "deployment.apps/a-$2" "daemonset.apps/b-$2" ;;
    *) echo "$2 $4 \${@: -1}"; [ "$4 \${@: -1}" != 'status daemonset.apps/b-app' ] ;;
  esac
}`;

test('RUNBOOKS: workloads restart one after the other, each waited for, and those that deliver the next stage first', async (t) => {
  const steps = (['accept', 'retire'] as const).flatMap((stage) => RUNBOOKS.ca.steps[stage]);
  const rolling = steps.filter(({ title }) => title.startsWith('Restart Flux'));
  t.is(rolling.length, 2);
  for (const { commands } of rolling) {
    const script = [KUBECTL, ...commands].join('\n');
    const { stdout } = await execa('bash', ['-c', script]);
    t.deepEqual(stdout.split('\n'), [
      ...['flux-system', 'kube-system', 'app'].flatMap((namespace) =>
        [`deployment.apps/a-${namespace}`, `daemonset.apps/b-${namespace}`].flatMap((name) => [
          `${namespace} restart ${name}`,
          `${namespace} status ${name}`,
        ]),
      ),
      'not rolled out: app daemonset.apps/b-app',
    ]);
  }
});

test('RUNBOOKS: workloads that nobody could list are said to be not rolled out', async (t) => {
  const rolling = RUNBOOKS.ca.steps.accept.find(({ title }) => title.startsWith('Restart Flux'));
  const failing = async (request: string): Promise<string[]> => {
    const stub = KUBECTL.replace('in\n', `in\n    ${request}) return 1 ;;\n`);
    const script = [stub, ...(rolling?.commands ?? [])].join('\n');
    const { stdout } = await execa('bash', ['-c', script]);
    return stdout.split('\n').filter((line) => !/ (?:restart|status) /u.test(line));
  };
  t.deepEqual(await failing("'get namespaces'*"), [
    'not rolled out: namespaces other than flux-system argocd kube-system',
  ]);
  t.deepEqual(await failing("'-n kube-system get '*"), [
    'not rolled out: kube-system',
    'not rolled out: app daemonset.apps/b-app',
  ]);
});

test('RUNBOOKS: etcdctl is that of the pod where the host has none', async (t) => {
  const [step] = RUNBOOKS['etcd-ca'].steps.accept;
  const crictl =
    'crictl() { [ "$1" = ps ] && echo container-1 && return; echo "$@"; }; PATH=/nowhere';
  const script = [crictl, ...(step?.commands ?? [])].join('\n');
  const { stdout } = await execa('/bin/bash', ['-c', script]);
  t.regex(stdout, /^exec container-1 etcdctl --endpoints=\S+ .* endpoint health --cluster$/mu);
});

test('RUNBOOKS: what each API server answers by itself is asked of the one of the node', (t) => {
  const OWN = /get --raw '?\/(?:readyz|metrics|openid|apis)/u;
  let asked = 0;
  for (const step of DOMAINS.flatMap((domain) => everyStep(domain)))
    for (const command of step.commands.filter((line) => OWN.test(line))) {
      asked += 1;
      t.is(step.where, 'each control-plane node', step.title);
      t.true(command.includes(' --server "$SERVER" '), command);
      t.true(step.commands.includes(OWN_SERVER), step.title);
    }
  t.true(asked > 10);
});

const everyCommand = (): string[] =>
  DOMAINS.flatMap((domain) => everyStep(domain).flatMap(({ commands }) => commands));

test('RUNBOOKS: an authority below another one is an anchor, too', (t) => {
  const verifying = everyCommand().filter((line) =>
    /openssl (?:verify|s_client) .*-CAfile /u.test(line),
  );
  t.true(verifying.length > 5);
  for (const command of verifying)
    t.regex(command, /openssl (?:verify|s_client) .*-partial_chain /u);
});

test('RUNBOOKS: nothing that a shell keeps makes the next commands those of a node', async (t) => {
  const steps = DOMAINS.flatMap((domain) => everyStep(domain));
  const kept = steps.filter(({ commands }) => commands.some((line) => line.startsWith('export ')));
  t.deepEqual(
    [...new Set(kept.map(({ title }) => title))],
    ['Go on as the administrator of a node that has the new files'],
  );
  const kubelets = steps.find(({ title }) => title.startsWith('Give every kubelet the bundle'));
  const stub = 'kubectl() { echo "$*" >&2; echo "name of $2"; }; systemctl() { :; }';
  const script = [stub, ...(kubelets?.commands ?? [])].join('\n');
  const { stderr } = await execa('bash', ['-c', script]);
  t.deepEqual(stderr.split('\n'), [
    'config --kubeconfig=/etc/kubernetes/kubelet.conf view --minify -o jsonpath={.clusters[0].name}',
    'config --kubeconfig=/etc/kubernetes/kubelet.conf set-cluster name of --kubeconfig=/etc/kubernetes/kubelet.conf --certificate-authority=/etc/kubernetes/pki/ca.crt --embed-certs=true',
  ]);
});

test('RUNBOOKS: nobody waits for a certificate that nobody will sign', async (t) => {
  const wait = RUNBOOKS.ca.steps.issue.find(({ title }) => title.endsWith('that was approved'));
  const answer = async (conditions: string): Promise<string> => {
    const stub = `kubectl() { case "$*" in *certificate*) ;; *) ${conditions} ;; esac; }
      cd() { builtin cd "$(mktemp -d)"; echo csr/rotate-1 > server.request; }
      sleep() { echo waiting; kill $BASHPID; }`;
    const script = [stub, ...(wait?.commands ?? [])].join('\n');
    const { stdout } = await execa('bash', ['-c', script], { reject: false, timeout: 20_000 });
    return stdout;
  };
  const gone = `echo 'Error from server (NotFound): csr "rotate-1" not found' >&2; return 1`;
  for (const conditions of ['echo Denied', 'echo Approved Failed', gone])
    t.regex(await answer(conditions), /^no certificate: csr\/rotate-1 was denied, [^\n]*$/u);
  for (const conditions of [':', 'echo Approved', 'echo Unable to connect >&2; return 1'])
    t.is(await answer(conditions), 'waiting');
});

test('RUNBOOKS: what issues may be the older entry, after a way back', (t) => {
  for (const domain of DOMAINS)
    for (const { title, text } of rolloutSteps(domain, 'abort-issue', []))
      t.notRegex(`${title} ${text}`, /\b(?:new|old) entry\b/u, title);
});

test('RUNBOOKS: the port of an API server is that of its node', (t) => {
  const asking = DOMAINS.flatMap((domain) => everyStep(domain)).filter(({ commands }) =>
    commands.some((line) => line.includes('s_client -connect "${SERVER')),
  );
  t.true(asking.length > 0);
  for (const { commands } of asking) t.is(commands[0], OWN_SERVER);
  for (const command of everyCommand()) t.false(command.includes(':6443'), command);
});
