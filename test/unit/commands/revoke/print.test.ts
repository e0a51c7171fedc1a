import test from 'ava';
import { revocationJson, revocationLines } from '../../../../src/commands/revoke/print.ts';
import type { CredentialPath } from '../../../../src/model/names.ts';
import type { RevocationStatus } from '../../../../src/model/store/revocations.ts';
import { NOW } from '../../../_helpers/desired.ts';

const status = (credential: string, over: Partial<RevocationStatus> = {}): RevocationStatus => ({
  credential: credential as CredentialPath,
  serialNumber: '0A',
  notAfter: NOW,
  authority: 'prod/etcd-ca' as CredentialPath,
  isDeclared: true,
  domain: 'etcd-ca',
  profile: 'peer',
  user: '',
  groups: [],
  bindings: [],
  hasHttpListener: false,
  ...over,
});

const CLIENT = status('prod/cp-1/apiserver-etcd-client', { profile: 'client' });
const BACKUP = status('prod/backup', { profile: 'client' });
const rollouts = (statuses: readonly RevocationStatus[]): string[] =>
  revocationLines(statuses).filter((line) => line.includes('roll out the node bundles'));

test('revocationLines: the node of a certificate of etcd comes first', (t) => {
  const line =
    '  - roll out the node bundles, "cp-1" first: until it has its new certificate, members with the CRL refuse it';
  t.deepEqual(rollouts([CLIENT]), [line]);
  t.deepEqual(rollouts([CLIENT, status('prod/cp-1/etcd-peer')]), [line], 'two of one node');
  t.regex(rollouts([BACKUP])[0] ?? '', /, whoever uses "backup" first: /u);
});

test('revocationLines: of several nodes all get certificates before the CRL, and one order is named for all', (t) => {
  const peers = ['cp-1', 'cp-2', 'cp-3'].map((node) => status(`prod/${node}/etcd-peer`));
  const [line = '', ...more] = rollouts([...peers, BACKUP]);
  t.deepEqual(more, []);
  t.notRegex(line, /" first: /u);
  t.regex(
    line,
    /^ {2}- put the new certificates and keys of "cp-1", "cp-2", "cp-3", whoever uses "backup" in place first, without the CRL: /u,
  );
  t.regex(line, /: "cp-1", then "cp-2", then "cp-3", then all others$/u);
});

test('revocationLines: what is no longer declared has no new certificate to wait for', (t) => {
  const gone = status('prod/cp-4/etcd-peer', { isDeclared: false });
  t.deepEqual(rollouts([gone]), ['  - roll out the node bundles of all members']);
  t.deepEqual(rollouts([gone, CLIENT]), rollouts([CLIENT]));
});

test('revocationLines: each authority has an order of its own', (t) => {
  const other = status('edge/cp-9/etcd-peer', { authority: 'edge/etcd-ca' as CredentialPath });
  t.is(rollouts([CLIENT, other]).length, 2);
  t.true(rollouts([CLIENT, other]).every((line) => line.includes(' first: until')));
});

test('revocationLines: who has the key of a member can pose as it to those that dial it, who has that of a client can do nothing', (t) => {
  const posing = /can pose to them as this member until then$/u;
  const end = /^ {2}- .* poses as a member ends earlier with: cdk8s-pki rotate prod etcd-ca \(/u;
  for (const profile of ['server', 'peer'] as const) {
    const lines = revocationLines([status('prod/cp-1/etcd-server', { profile })]);
    t.regex(lines[1] ?? '', posing);
    t.is(lines.filter((line) => end.test(line)).length, 1);
  }
  const lines = revocationLines([CLIENT]);
  t.is(lines[1], '  etcd refuses it from the next handshake on, where the new files are');
  t.false(lines.some((line) => end.test(line)));
  const { remains } = revocationJson(status('prod/cp-1/etcd-peer')) as { remains: string };
  t.regex(remains, posing);
});
