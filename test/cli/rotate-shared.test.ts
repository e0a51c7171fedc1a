import test, { type ExecutionContext } from 'ava';
import { newPerson, Repository, type Result, synthesized } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const START = '2026-01-01T00:00:00Z';
const PAGE = 'deploy/_shared/ROTATION.md';

/** One root as the cluster CA of two clusters of a kind, below an authority of a third one, and in a chart of a fourth. */
const MAIN = `
import * as pki from 'cdk8s-pki';
import { ApiObject, Chart } from 'cdk8s';
const app = new pki.App({ recipients: ['${alice.recipient}'] });
const root = new pki.CertificateAuthority(app, 'root');
new pki.CertificateAuthority(app, 'below', { issuer: root, validity: pki.Duration.days(1500) });
const other = new pki.CertificateAuthority(app, 'other');
for (const [name, nodes] of [['north', 2], ['south', 1]]) {
  const cluster = new pki.KubeadmCluster(app, name, {
    kubernetesVersion: '1.34.4',
    ca: root,
    controlPlaneEndpoint: 'api.' + name + '.example.com',
    controlPlaneNodes: Array.from({ length: nodes }, (_, index) => ({
      name: 'cp-' + (index + 1),
      advertiseAddress: '10.0.0.1' + index,
    })),
  });
  new pki.Kubeconfig(cluster, 'deployer', { user: 'deployer' });
}
const edge = new pki.Cluster(app, 'edge');
const mesh = new pki.CertificateAuthority(edge, 'mesh', { issuer: root, validity: pki.Duration.days(1000) });
new pki.Certificate(edge, 'web', { issuer: mesh, profile: 'server', dnsNames: ['web.example.com'] });
const api = new pki.Certificate(edge, 'api', { issuer: root, profile: 'server', dnsNames: ['api.example.com'] });
new pki.TlsSecret(edge, 'api-tls', { certificate: api, namespace: 'web' });
const trust = new Chart(app, 'trust');
new ApiObject(trust, 'bundle', {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'bundle' },
  ...{ data: { 'root.pem': root.trustBundle.pem, 'other.pem': other.trustBundle.pem } },
});
export default app;
`;

const made = (t: ExecutionContext): Promise<Repository> => synthesized(t, MAIN, START);

async function stage(
  t: ExecutionContext,
  repository: Repository,
  now: string,
  ...args: readonly string[]
): Promise<string> {
  const result = await repository.run(['rotate', '_shared', ...args, '--now', now], { as: alice });
  t.is(result.status, 0, result.stderr);
  repository.commit('a stage', now);
  return result.stdout;
}

/** What a section says of where to do it, with what follows there. */
function partsOf(page: string, section: RegExp): Record<string, readonly string[]> {
  const [text = ''] = page.split(/^### /mu).filter((part) => section.test(part));
  return Object.fromEntries(
    text
      .split(/^#### /mu)
      .slice(1)
      .map((part) => [
        /^.*$/mu.exec(part)?.[0] ?? '',
        part.split('\n').filter((line) => /^(?:- `| {2}- )/u.test(line)),
      ]),
  );
}

const PKI = '/etc/kubernetes/pki';
const AS_CA = 'Clusters that have it as the cluster CA';
const DECLARED = 'Clusters that have it for what is declared';

test('rotate: the runbook of a shared authority names each cluster that uses it, and what follows there', async (t) => {
  const repository = await made(t);
  const accepted = await stage(t, repository, '2026-01-02T00:00:00Z', 'root');
  t.regex(accepted, /^ {2}- north \(cp-1, then cp-2\); south \(cp-1\)$/mu);
  const page = repository.read(PAGE);
  const accept = partsOf(page, /^Now: roll out `accept`/u);
  t.deepEqual(Object.keys(accept), [AS_CA, DECLARED]);
  const [nodes = '', files = '', pods, kubeconfigs, objects, ...rest] = accept[AS_CA] ?? [];
  t.is(nodes, '- `north` (`cp-1`, then `cp-2`); `south` (`cp-1`)');
  t.true(files.startsWith('  - files of each node that has them: `/etc/kubernetes/admin.conf`, '));
  t.true(files.includes(`\`${PKI}/ca.crt\``));
  t.false(files.includes('apiserver.crt'), 'nothing is issued yet');
  t.is(
    pods,
    '  - static pods that restart then: `kube-apiserver`, `kube-controller-manager`, `kube-scheduler`',
  );
  t.is(kubeconfigs, '  - kubeconfigs to fetch anew: `kubeconfigs/deployer.conf`');
  t.is(
    objects,
    '  - Secrets and other objects to apply: `manifests/ConfigMap.kube-public.cluster-info.yaml`',
  );
  t.deepEqual(rest, []);
  t.deepEqual(accept[DECLARED], [
    '- `edge`',
    '  - Secrets and other objects to apply: `manifests/Secret.web.api-tls.yaml`',
    '- `trust`',
    '  - Secrets and other objects to apply: `manifests/ConfigMap.bundle.yaml`',
  ]);
  t.regex(page, /one node at a time\.\*\*/u);
  t.regex(page, /kubectl get configmaps -A --field-selector metadata\.name=kube-root-ca\.crt/u);
  t.false(page.includes('See whether a control plane has it'), 'it says so');
  t.regex(page, /--discovery-token-ca-cert-hash/u);

  await stage(t, repository, '2026-01-04T00:00:00Z', 'root');
  const issue = partsOf(repository.read(PAGE), /^Now: roll out `issue`/u);
  t.true(issue[AS_CA]?.[1]?.includes(`\`${PKI}/apiserver.crt\`, \`${PKI}/apiserver.key\``));
  t.deepEqual(issue[DECLARED], [
    '- `_shared`',
    '  - authorities below it, to be rotated before the last stage: `cdk8s-pki rotate _shared below`',
    '- `edge`',
    '  - Secrets and other objects to apply: `manifests/Secret.web.api-tls.yaml`',
    '  - authorities below it, to be rotated before the last stage: `cdk8s-pki rotate edge mesh`',
    '- `trust`',
    '  - Secrets and other objects to apply: `manifests/ConfigMap.bundle.yaml`',
  ]);
  const retire = partsOf(repository.read(PAGE), /^Next: `retire`/u);
  t.deepEqual(Object.keys(retire), [AS_CA, DECLARED]);
  t.is(retire[AS_CA]?.[0], nodes);
  const status = await repository.run(['rotate', '_shared', 'root', '--status', '--output=json']);
  const { rotations } = JSON.parse(status.stdout) as { rotations: { users: string[] }[] };
  t.deepEqual(rotations[0]?.users, ['_shared', 'edge', 'north', 'south', 'trust']);
});

test('rotate: the runbook of a shared authority is the same whatever part of the fleet a run is about', async (t) => {
  const repository = await made(t);
  await stage(t, repository, '2026-01-02T00:00:00Z', 'root');
  await stage(t, repository, '2026-01-02T00:00:00Z', 'other');
  t.deepEqual(repository.read(PAGE).match(/^## .*$/gmu), ['## other: accept', '## root: accept']);
  const before = repository.files();
  const selections = [[], ['--cluster', '_shared'], ['--cluster', 'north'], ['--shard', '3/3']];
  for (const selection of selections) {
    const args = ['synth', ...selection, '--now', '2026-01-02T12:00:00Z'];
    const { status, stderr } = await repository.run(args, { as: alice });
    t.is(status, 0, stderr);
    t.deepEqual(repository.files(), before, selection.join(' '));
  }
});

test('rotate --compromised: of a shared authority it names the clusters that are locked out, and what follows there', async (t) => {
  const repository = await made(t);
  const replaced = await stage(t, repository, '2026-01-02T00:00:00Z', 'root', '--compromised');
  t.regex(replaced, /^ {2}Clusters that have it as the cluster CA:$/mu);
  t.regex(replaced, /^ {2}- north \(cp-1, cp-2\); south \(cp-1\)$/mu);
  t.regex(
    replaced,
    /^ {4}files of each node that has them: .*\/etc\/kubernetes\/pki\/apiserver\.crt/mu,
  );
  t.regex(replaced, /^ {2}1\. Put the changed files on all control-plane nodes at once$/mu);
});

test('verify: a stage of a shared authority is not whole without the files of the clusters that use it', async (t) => {
  const repository = await made(t);
  await stage(t, repository, '2026-01-02T00:00:00Z', 'root');
  const gate = (base: string): Promise<Result> =>
    repository.run(['verify', '--base', base, '--now', '2026-01-02T00:00:00Z']);
  t.notRegex((await gate('HEAD~1')).stdout, /StageIncomplete/u);
  const file = 'deploy/south/nodes/cp-1/etc/kubernetes/pki/ca.crt';
  repository.git('checkout', '--quiet', 'HEAD~1', '--', file);
  repository.commit('a conflict is solved by what the base has', '2026-01-02T00:00:00Z');
  const { status, stdout } = await gate('HEAD~2');
  t.is(status, 3);
  t.regex(
    stdout,
    /^error StageIncomplete: .* _shared\/root is at another stage, .*: deploy\/south\/.*\/ca\.crt/mu,
  );
});
