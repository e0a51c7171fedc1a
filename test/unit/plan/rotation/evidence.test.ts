import test from 'ava';
import type { DesiredUnit } from '../../../../src/model/desired.ts';
import type { CredentialPath } from '../../../../src/model/names.ts';
import { formatReference } from '../../../../src/model/reference.ts';
import { noEvidence, type Evidence } from '../../../../src/model/store/evidence.ts';
import type { RotationStatus } from '../../../../src/model/store/rotation.ts';
import { rotationStatus } from '../../../../src/plan/rotation/status.ts';
import { unseenConsumers } from '../../../../src/plan/rotation/unseen.ts';
import { isByEvidence, withEvidence } from '../../../../src/plan/rotation/with-evidence.ts';
import {
  after,
  authority,
  cluster,
  DAY,
  NOW,
  observedEntry,
  observedKeyset,
} from '../../../_helpers/desired.ts';

function status(states: readonly ('issuing' | 'incoming' | 'outgoing')[], life: number | null) {
  const ca = authority('prod/ca', { rotation: { soak: DAY, automatic: false, outsideLife: life } });
  const entries = states.map((state, index) => ({
    ...observedEntry(ca),
    id: `id-${index}`,
    state,
  }));
  const merged = { since: NOW, commit: 'c'.repeat(40), content: new Uint8Array() };
  return (isMerged = true): RotationStatus =>
    rotationStatus(ca, { ...observedKeyset(ca), entries }, isMerged ? { merged } : {});
}

const seen = (over: Partial<Evidence> = {}): Evidence => ({
  ...noEvidence(),
  isRolledOut: true,
  ...over,
});

const accepted = status(['issuing', 'incoming'], 0);

test('withEvidence: a stage that is rolled out does not soak', (t) => {
  const found = withEvidence(accepted(), seen());
  t.deepEqual(found.notBefore, NOW);
  t.deepEqual(found.evidence?.insteadOf, after(NOW, DAY));
  t.true(isByEvidence(found, after(NOW, DAY - 1)));
  t.false(isByEvidence(found, after(NOW, DAY)), 'by then it is time alone');
});

test('withEvidence: what lacks, is not merged, or is not under way changes no date', (t) => {
  const without = accepted();
  t.deepEqual(withEvidence(without, undefined), without);
  t.deepEqual(withEvidence(without, noEvidence('x')).notBefore, without.notBefore);
  t.is(withEvidence(accepted(false), seen()).notBefore, null);
  const steady = status(['issuing'], 0)();
  t.deepEqual(withEvidence(steady, seen()), steady);
});

test('withEvidence: that it is rolled out does not end the life of what was signed outside of the tree', (t) => {
  const issued = status(['issuing', 'outgoing'], 60 * DAY)();
  const found = withEvidence(issued, seen());
  t.deepEqual(
    [found.notBefore, found.notBeforeWithLockout],
    [after(NOW, 61 * DAY), after(NOW, DAY)],
  );
  const unknown = withEvidence(status(['issuing', 'outgoing'], null)(), seen());
  t.is(unknown.notBefore, null);
  t.deepEqual(withEvidence(status(['issuing', 'outgoing'], 0)(), seen()).notBefore, NOW);
});

const KEYSET = 'prod/etcd-ca' as CredentialPath;
const content = formatReference({ credential: KEYSET, part: 'trustBundle', form: 'pem' });
const file = (path: string, reads: readonly string[] = [], text = content) => ({
  ...{ path, content: text, mode: 0o600, secret: false, reads },
});
const FILE = 'etc/kubernetes/pki/etcd/ca.crt';
const POD = file('etc/kubernetes/manifests/etcd.yaml', [FILE], '');

const unit = (files: readonly ReturnType<typeof file>[], over: object = {}): DesiredUnit => ({
  clusters: [
    {
      ...cluster('prod'),
      authorities: [],
      leaves: [],
      manifests: [],
      bundles: [{ constructPath: 'x', node: 'cp-1', etcdMember: null, files }],
      ...over,
    },
  ],
  imports: [],
  exports: [],
  users: [],
});
const consumers = (of: DesiredUnit): string[] => unseenConsumers(of, { path: KEYSET });

test('unseenConsumers: none where static pods alone read it', (t) => {
  t.deepEqual(consumers(unit([file(FILE), POD])), []);
  t.deepEqual(consumers(unit([file(FILE), POD, file('etc/kubernetes/pki/etcd/ca.key')])), []);
});

test('unseenConsumers: another file, a manifest and another cluster are named', (t) => {
  t.regex(consumers(unit([file(FILE)])).join(), /"\/etc\/kubernetes\/pki\/etcd\/ca.crt" of cp-1/u);
  t.regex(
    consumers(unit([file(FILE), POD, file('etc/own/ca.crt')])).join(),
    /"\/etc\/own\/ca.crt"/u,
  );
  const manifest = { constructPath: 'x', path: 'manifests/Secret.x', template: { data: content } };
  t.regex(consumers(unit([], { manifests: [manifest] })).join(), /manifests\/Secret.x.yaml/u);
  t.deepEqual(consumers({ ...unit([]), exports: [KEYSET] }), ['other clusters that use it']);
});
