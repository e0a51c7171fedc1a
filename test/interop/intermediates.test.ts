import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { load } from 'js-yaml';
import { newPerson, Repository } from '../_helpers/run-cli.ts';
import { runProgram } from '../_helpers/run-program.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { toolPath } from '../_helpers/tools.ts';

const alice = await newPerson();

const MAIN = `
import { ApiObject, Duration } from 'cdk8s';
import { App, Certificate, CertificateAuthority, Cluster, TlsSecret } from 'cdk8s-pki';
const app = new App({ recipients: ['${alice.recipient}'] });
const root = new CertificateAuthority(app, 'root');
const prod = new Cluster(app, 'prod');
const mesh = new CertificateAuthority(prod, 'mesh', { issuer: root, validity: Duration.days(1500) });
const edge = new CertificateAuthority(prod, 'edge', { issuer: mesh, validity: Duration.days(1000) });
const web = new Certificate(prod, 'web', { issuer: edge, profile: 'server', dnsNames: ['web.example.com'] });
new TlsSecret(prod, 'web-tls', { certificate: web, namespace: 'default' });
new ApiObject(prod, 'trust', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'trust' }, data: { root: root.trustBundle.pem } });
export default app;
`;

toolTest(['openssl'])(
  'openssl: what a server of an authority below others shows leads to who trusts the uppermost one alone',
  async (t) => {
    const repository = new Repository(t, { 'clusters/main.js': MAIN });
    const made = await repository.run(['synth']);
    t.is(made.status, 0, made.stderr);
    const dataOf = (file: string): Readonly<Record<string, string>> =>
      (load(repository.read(`deploy/prod/manifests/${file}`)) as { data: Record<string, string> })
        .data;
    const shown = Buffer.from(
      dataOf('Secret.default.web-tls.sops.yaml')['tls.crt'] ?? '',
      'base64',
    ).toString();
    const certificates = shown.match(/-----BEGIN[^]+?END CERTIFICATE-----\n/gu) ?? [];
    t.is(certificates.length, 3, 'its own and two above it, not the root');
    const cwd = repository.root;
    writeFileSync(path.join(cwd, 'root.pem'), dataOf('ConfigMap.trust.yaml')['root'] ?? '');
    writeFileSync(path.join(cwd, 'shown.pem'), shown);
    const verify = (...chain: readonly string[]): ReturnType<typeof runProgram> =>
      runProgram(
        toolPath('openssl'),
        ['verify', '-x509_strict', '-no-CApath', '-CAfile', 'root.pem', ...chain, 'shown.pem'],
        { cwd, env: { PATH: process.env['PATH'] ?? '' } },
      );
    t.is((await verify('-untrusted', 'shown.pem')).status, 0);
    t.not((await verify()).status, 0, 'without the certificates between');

    const again = await repository.run(['synth']);
    t.regex(again.stdout, /^nothing to do/u);
    repository.commit('synth');
    const gate = await repository.run(['verify']);
    t.is(gate.status, 0, gate.stdout);
  },
);
