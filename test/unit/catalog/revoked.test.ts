import test from 'ava';
import { REVOKED } from '../../../src/catalog/revoked.ts';
import type { CredentialPath } from '../../../src/model/names.ts';
import type { RevocationStatus } from '../../../src/model/store/revocations.ts';
import type { TrustDomain } from '../../../src/model/store/rotation.ts';
import { NOW } from '../../_helpers/desired.ts';

const status = (over: Partial<RevocationStatus> = {}): RevocationStatus => ({
  credential: 'prod/web' as CredentialPath,
  serialNumber: '01',
  notAfter: NOW,
  authority: 'prod/ca' as CredentialPath,
  isDeclared: true,
  domain: 'ca',
  profile: 'client',
  user: 'deployer',
  groups: ['deployers'],
  bindings: [],
  hasHttpListener: false,
  ...over,
});
const describe = (over: Partial<RevocationStatus>): { remains: string; steps: string } => {
  const whole = status(over);
  const { remains, steps } = REVOKED[whole.domain](whole, [whole]);
  return { remains, steps: steps.join('\n') };
};

const ROTATION = /cdk8s-pki rotate prod ca \(in stages, .* --compromised \(at once/u;

test('REVOKED: of the cluster CA, a client goes on being a user, a server goes on being believed', (t) => {
  const client = describe({ profile: 'client' });
  t.regex(client.remains, /has no revocation: .* is user "deployer" of "deployers" until then$/u);
  t.regex(client.steps, /kubectl get clusterrolebindings,rolebindings/u);
  t.regex(client.steps, ROTATION);
  const server = describe({ profile: 'server', user: 'kube-apiserver', groups: [] });
  t.regex(server.remains, /^clients of the API server .* pose as this server until then$/u);
  t.notRegex(`${server.remains} ${server.steps}`, /\buser\b|binding|kube-apiserver/u);
  t.regex(server.steps, ROTATION);
});

test('REVOKED: rights of a client end with what binds it, where anything does', (t) => {
  const bindings = ['ClusterRoleBinding deployers (Group deployers)'];
  const bound = describe({ bindings });
  t.regex(bound.steps, /^its rights end with ClusterRoleBinding deployers \(Group deployers\): /u);
  t.notRegex(bound.steps, /look for what binds it/u);
  const built = describe({ user: 'system:kube-scheduler', groups: [] });
  t.regex(built.steps, /^Kubernetes itself gives rights to "system:kube-scheduler"/u);
  t.regex(built.remains, /is user "system:kube-scheduler" until then$/u);
  const admin = describe({ groups: ['system:masters'], bindings });
  t.regex(admin.steps, /^no RBAC rule limits "system:masters": nothing else takes its rights$/mu);
  t.notRegex(admin.steps, /its rights end with/u);
  for (const { steps } of [bound, built, admin]) t.regex(steps, ROTATION);
});

test('REVOKED: etcd refuses a certificate where it has the CRL, and says which versions do not', (t) => {
  const member = { domain: 'etcd-ca', authority: 'prod/etcd-ca' as CredentialPath } as const;
  const own = describe({ ...member, credential: 'prod/cp-1/etcd-peer' as CredentialPath });
  t.regex(own.remains, /^etcd refuses it from the next handshake on/u);
  t.regex(own.steps, /^roll out the node bundles, "cp-1" first/u);
  t.regex(own.steps, /files before manifests$/mu);
  t.notRegex(own.steps, /listen-client-http-urls/u);
  const other = describe({ ...member, hasHttpListener: true });
  t.regex(other.steps, /^roll out the node bundles, whoever uses "web" first/u);
  t.regex(other.steps, /^listen-client-http-urls is set: .*GHSA-3wh4-j44w-pg92/mu);
});

test('REVOKED: elsewhere a replacement of the authority ends what is left', (t) => {
  const domains: readonly TrustDomain[] = ['front-proxy-ca', 'external-etcd-ca', 'authority'];
  for (const domain of domains) {
    const { remains, steps } = describe({ domain });
    t.regex(remains, /until then$/u, domain);
    t.regex(steps, ROTATION, domain);
  }
  t.regex(
    describe({ domain: 'front-proxy-ca' }).steps,
    /^then rebuild ConfigMap kube-system\/ext/mu,
  );
  t.regex(describe({ domain: 'authority' }).remains, /given the CRL of "prod\/ca" refuse it/u);
});
