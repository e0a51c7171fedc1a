import { writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { newPerson, Repository } from '../_helpers/run-cli.ts';
import { runProgram } from '../_helpers/run-program.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { toolPath } from '../_helpers/tools.ts';

const alice = await newPerson();
const CLUSTER = `
import * as pki from 'cdk8s-pki';
const app = new pki.App({ recipients: ['${alice.recipient}'] });
const nodes = [1, 2].map((n) => ({ name: 'cp-' + n, advertiseAddress: '10.0.0.1' + n }));
new pki.KubeadmCluster(app, 'prod', {
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'api.example.com',
  controlPlaneNodes: nodes,
});
export default app;
`;

toolTest(['openssl'])(
  'openssl takes the CRL of a node bundle for that of the CA beside it, and refuses what was revoked and nothing else',
  async (t) => {
    const repository = new Repository(t, { 'clusters/main.js': CLUSTER });
    const run = async (...args: readonly string[]): Promise<void> => {
      const { status, stderr } = await repository.run(args, { as: alice });
      t.is(status, 0, stderr);
    };
    const leaf = (name: string): string => {
      const document: unknown = parse(repository.read(`deploy/prod/pki/${name}.sops.yaml`));
      return (document as { certificate: string }).certificate;
    };
    await run('synth');
    repository.commit();
    const revoked = leaf('cp-1/apiserver-etcd-client');
    await run('revoke', 'prod', 'cp-1/apiserver-etcd-client', '--reason', 'keyCompromise');

    const options = { cwd: repository.root, env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' } };
    const openssl = async (...args: readonly string[]): Promise<string> => {
      const { stdout, stderr } = await runProgram(toolPath('openssl'), args, options);
      return stdout.toString() + stderr.toString();
    };
    const etcd = 'deploy/prod/nodes/cp-2/etc/kubernetes/pki/etcd';
    const ca = ['-CAfile', `${etcd}/ca.crt`];
    t.regex(
      await openssl('crl', '-inform', 'DER', '-in', `${etcd}/ca.crl`, ...ca, '-noout'),
      /^verify OK$/mu,
    );
    await openssl('crl', '-inform', 'DER', '-in', `${etcd}/ca.crl`, '-out', 'ca.crl');

    const judged = async (certificate: string): Promise<string> => {
      writeFileSync(repository.path('leaf.crt'), certificate);
      return openssl(
        'verify',
        '-x509_strict',
        '-crl_check',
        '-CRLfile',
        'ca.crl',
        ...ca,
        'leaf.crt',
      );
    };
    t.regex(await judged(revoked), /^error 23 at 0 depth lookup: certificate revoked$/mu);
    for (const name of [
      'cp-1/apiserver-etcd-client',
      'cp-2/apiserver-etcd-client',
      'cp-1/etcd-server',
    ])
      t.is(await judged(leaf(name)), 'leaf.crt: OK\n', name);
  },
);
