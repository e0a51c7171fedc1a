import test from 'ava';
import { Duration } from 'cdk8s';
import { Certificate, CertificateAuthority, Cluster, TlsSecret } from '../../../src/index.ts';
import type { CredentialPath } from '../../../src/model/names.ts';
import { configMap, describe, newApp } from '../../_helpers/declare.ts';
import { unit } from '../../_helpers/desired.ts';
import { newIdentity } from '../../_helpers/repository.ts';
import type { Handshake } from './_handshakes.ts';
import { accepts, type Moment } from './_judge.ts';
import { ACCEPT, ISSUE, momentsOf, REPLACE, RETIRE, type Step } from './_moments.ts';

/** An authority below another: a server shows a chain, and its clients trust the upper one, or the lower one alone. */

const identity = await newIdentity();
const app = newApp({ recipients: [identity.recipient] });
const prod = new Cluster(app, 'prod');
const validity = Duration.days(3650);
const root = new CertificateAuthority(prod, 'root', { validity });
const mesh = new CertificateAuthority(prod, 'mesh', {
  issuer: root,
  validity: Duration.days(2000),
});
const web = new Certificate(prod, 'web', {
  issuer: mesh,
  profile: 'server',
  dnsNames: ['web.example.com'],
});
new TlsSecret(prod, 'web-tls', { certificate: web, namespace: 'default' });
configMap(prod, 'trust', { root: root.trustBundle.pem, mesh: mesh.trustBundle.pem });
const PROD = unit(describe(app));

const server = { file: 'manifests/Secret.default.web-tls.sops.yaml', field: 'tls.crt' };
const trust = (field: string) => ({ file: 'manifests/ConfigMap.trust.yaml', field });
const HANDSHAKES: readonly Omit<Handshake, 'keyset'>[] = [
  { name: 'web to who trusts root', shows: server, trusts: trust('root') },
  { name: 'web to who trusts mesh', shows: server, trusts: trust('mesh') },
];

const of = (name: 'root' | 'mesh', steps: readonly Step[]) =>
  steps.map((step) => ({
    ...step,
    name: `${step.name} ${name}`,
    keyset: `prod/${name}` as CredentialPath,
  }));

const refused = (shown: Moment, trusting: Moment): string[] =>
  HANDSHAKES.filter((one) => !accepts({ ...one, keyset: 'ca' }, shown, trusting)).map(
    ({ name }) => name,
  );

test('rotation of an authority with one below it: in every mix of adjacent stages everybody is accepted', async (t) => {
  const all = await momentsOf(PROD, identity, [
    ...of('root', [ACCEPT, ISSUE]),
    ...of('mesh', [ACCEPT, ISSUE, RETIRE]),
    ...of('root', [RETIRE]),
  ]);
  t.is(all.length, 7);
  for (const [index, later] of all.entries())
    for (const earlier of all.slice(Math.max(0, index - 1), index + 1)) {
      t.deepEqual(refused(earlier, later), [], `${earlier.name} shown to ${later.name}`);
      t.deepEqual(refused(later, earlier), [], `${later.name} shown to ${earlier.name}`);
    }
  const [start] = all;
  const retired = all.at(-1);
  if (start === undefined || retired === undefined) throw new RangeError('no moments');
  const everybody = HANDSHAKES.map(({ name }) => name);
  t.deepEqual(refused(start, retired), everybody, 'nobody accepts what was retired');
});

test('rotation of an authority with one below it: the last stage waits for that one, since its clients would be locked out', async (t) => {
  await t.throwsAsync(
    momentsOf(PROD, identity, of('root', [ACCEPT, ISSUE, { ...RETIRE, name: 'retire' }])),
    { code: 'ERR_ROTATION', message: /"retire" of "prod\/root" may not follow yet/u },
  );
  const all = await momentsOf(PROD, identity, of('root', [REPLACE]));
  const hard = all.at(-1);
  if (hard === undefined) throw new RangeError('no moments');
  t.deepEqual(refused(hard, hard), ['web to who trusts root'], 'the rule broken');
});
