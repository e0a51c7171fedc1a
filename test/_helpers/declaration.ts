/** Text of a declaration in a user's repository; a test says only what it is about. */
export function declaration({
  recipients,
  app = '',
  sans = ['web.example.com'],
  algorithm = 'ECDSA-P256',
  extra = '',
  clusters = ['prod'],
}: {
  readonly recipients: readonly string[];
  /** More properties of the App. */
  readonly app?: string;
  readonly sans?: readonly string[];
  readonly algorithm?: string;
  /** Statements; `app` and, of each cluster, `<name>` and `<name>Ca` are at hand. */
  readonly extra?: string;
  readonly clusters?: readonly string[];
}): string {
  const declared = clusters.map(
    (name) => `
const ${name} = new pki.Cluster(app, '${name}');
const ${name}Ca = new pki.CertificateAuthority(${name}, 'ca', { subject: { commonName: '${name} ca' } });
const ${name}Web = new pki.Certificate(${name}, 'web', {
  issuer: ${name}Ca,
  profile: 'server',
  dnsNames: ${JSON.stringify(sans)},
  keyAlgorithm: '${algorithm}',
});
new pki.TlsSecret(${name}, 'web-tls', { certificate: ${name}Web, namespace: 'default' });
`,
  );
  return `
import { ApiObject, Chart } from 'cdk8s';
import * as pki from 'cdk8s-pki';
const app = new pki.App({ recipients: ${JSON.stringify(recipients)}, ${app} });
${declared.join('')}
${extra}
export default app;
`;
}
