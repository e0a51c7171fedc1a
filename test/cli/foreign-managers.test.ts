import test from 'ava';
import { newPerson, synthesized } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const MAIN = `
import * as pki from 'cdk8s-pki';
const app = new pki.App({ recipients: ['${alice.recipient}'] });
for (const [name, props] of [['own', {}], ['prod', { kubernetesVersion: '1.34.4' }]])
  new pki.KubeadmCluster(app, name, {
    ...props,
    controlPlaneEndpoint: 'api.' + name + '.example.com',
    controlPlaneNodes: [{ name: 'cp-1', advertiseAddress: '10.0.0.11' }],
  });
export default app;
`;
const FLAG = '--cluster-signing-cert-file=/etc/kubernetes/pki/cluster-signing-ca.crt';

test('rotate: of a cluster whose manifests are not of the tree it says what they must name before a second certificate comes', async (t) => {
  const repository = await synthesized(t, MAIN, '2026-01-01T00:00:00Z');
  const run = async (...args: readonly string[]): Promise<string> => {
    const now = ['--now', '2026-01-02T00:00:00Z'];
    const { status, stdout, stderr } = await repository.run(['rotate', ...args, ...now], {
      as: alice,
    });
    t.is(status, 0, stderr);
    return stdout;
  };
  const told = (await run('--status')).split('\n').filter((line) => line.includes(FLAG));
  t.is(told.length, 1);
  t.regex(told[0] ?? '', /^ {2}before accept: the tree has no manifest .* for "own", /u);
  t.regex(await run('own', 'ca', '--dry-run'), /^manifests: the tree has no manifest /mu);
  t.notRegex(await run('prod', 'ca', '--dry-run'), /^manifests: /mu);
  t.regex(
    await run('own', 'ca'),
    /^manifests: [^]*^before you merge "accept":[^]*signs with a file of one certificate[^]*^to roll out/mu,
  );
  const [before = ''] = repository.read('deploy/own/ROTATION.md').split('### Now: roll out');
  t.true(before.includes(FLAG));
});
