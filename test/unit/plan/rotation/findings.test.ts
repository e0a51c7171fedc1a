import test from 'ava';
import type { EntryState, ObservedEntry, ObservedKeyset } from '../../../../src/model/observed.ts';
import type { CredentialPath, TreePath } from '../../../../src/model/names.ts';
import { waysToExtend } from '../../../../src/model/store/rotation.ts';
import { authorityFindings } from '../../../../src/plan/authority.ts';
import {
  after,
  authority,
  cluster,
  DAY,
  observedCluster,
  NOW,
  observedEntry,
  observedKeyset,
} from '../../../_helpers/desired.ts';

const CA = authority('prod/ca');
const ROOT = authority('prod/root');
const ABORT = 'cdk8s-pki rotate prod ca --abort';

/** @param over of the incoming entry */
function keyset(states: readonly EntryState[], over: Partial<ObservedEntry> = {}): ObservedKeyset {
  const entries = states.map((state, index): ObservedEntry => ({
    ...observedEntry(CA),
    id: `id-${index}`,
    state,
    ...(state === 'incoming' ? over : {}),
  }));
  return { ...observedKeyset(CA), entries };
}

function found(
  observed: ObservedKeyset,
  { now = NOW, compromised = [] }: { now?: Date; compromised?: readonly string[] } = {},
): readonly string[] {
  const prod = cluster('prod', { authorities: [CA] });
  const keysets = new Map([
    [CA.path, observed],
    [ROOT.path, observedKeyset(ROOT)],
  ]);
  const findings = authorityFindings(
    prod,
    { ...observedCluster(prod), keysets },
    {
      keyset: (path: CredentialPath) => keysets.get(path),
      compromised: new Set(compromised),
      now,
    },
  );
  return findings.map(({ message }) => message.replace(/since \S+Z/u, 'since then'));
}

const END = observedEntry(CA).certificate?.notAfter ?? NOW;
const LATE = { now: after(END, -DAY) };

test('authorityFindings: of an authority whose rotation is under way it says what is next', (t) => {
  t.deepEqual(found(keyset(['issuing']), LATE), [
    `due for rotation since then: ${waysToExtend(CA.path)}`,
  ]);
  t.deepEqual(found(keyset(['issuing', 'incoming']), LATE), [
    'due for rotation since then; its rotation is under way, "issue" is next',
  ]);
  t.deepEqual(found(keyset(['issuing', 'outgoing']), LATE), [
    'due for rotation since then; its rotation is under way, "retire" is next',
  ]);
  t.deepEqual(found(keyset(['issuing', 'incoming'])), [], 'nothing is wrong');
});

for (const [what, over, fault] of [
  [
    'in wrong hands',
    { formerRecipients: ['leaver'] },
    'the incoming entry id-1 is compromised: leaver could open its key',
  ],
  [
    'of another algorithm',
    { keyAlgorithm: 'RSA-4096' },
    'the incoming entry id-1 has a key of RSA-4096, declared is ECDSA-P256',
  ],
  [
    'of an entry that was replaced',
    { issuer: { keyset: ROOT.path, id: 'replaced' } },
    'the incoming entry id-1 is of "prod/root/replaced", which is gone',
  ],
] as const)
  test(`authorityFindings: an incoming entry ${what} is a finding of its own, with the way back and no next stage`, (t) => {
    const compromised = ['leaver'];
    const back = `; its rotation is to be taken back: ${ABORT}`;
    const unfit = keyset(['issuing', 'incoming'], over);
    t.deepEqual(found(unfit, { compromised }), [`${fault}${back}`]);
    t.deepEqual(found(unfit, { ...LATE, compromised }), [
      `due for rotation since then${back}`,
      `${fault}${back}`,
    ]);
  });

test('authorityFindings: an incoming entry that has ended is to be taken back', (t) => {
  const back = `; its rotation is to be taken back: ${ABORT}`;
  t.deepEqual(found(keyset(['issuing', 'incoming']), { now: END }), [
    `due for rotation since then${back}`,
    `the certificate of the incoming entry id-1 ended on ${END.toISOString()}${back}`,
  ]);
});

test('authorityFindings: an incoming entry of one that stands above is none', (t) => {
  const [above] = observedKeyset(ROOT).entries;
  const issuer = { keyset: ROOT.path, id: above?.id ?? '' };
  t.deepEqual(found(keyset(['issuing', 'incoming'], { issuer })), []);
});

test('authorityFindings: where neither entry is as declared, it says that the next stage does not help', (t) => {
  const other = { ...observedEntry(CA), state: 'issuing' as const };
  const subject = { commonName: 'another' };
  const entries = keyset(['issuing', 'incoming']).entries.map((entry) => ({
    ...entry,
    ...(other.certificate && { certificate: { ...other.certificate, subject } }),
  }));
  const [message, ...others] = found({ ...observedKeyset(CA), entries });
  t.deepEqual(others, []);
  t.regex(
    message ?? '',
    new RegExp(
      `subject is ".*; its rotation is under way to an entry that is not as declared either: ${ABORT} takes it back$`,
      'u',
    ),
  );
});

test('authorityFindings: a CRL that the issuing entry may not sign again is one, since nothing else is held up by it', (t) => {
  const dates = { number: 1, thisUpdate: NOW, nextUpdate: after(NOW, DAY) };
  const crl = { ...dates, pem: '', issuer: 'id-1', outgoing: null };
  const file = 'deploy/prod/pki/ca/revocations.yaml' as TreePath;
  const back = (lacksCrlSign: boolean): ObservedKeyset => {
    const { entries, ...rest } = keyset(['issuing', 'outgoing']);
    const revocations = { file, crl, entries: [], added: [] };
    return { ...rest, entries: entries.map((one) => ({ ...one, lacksCrlSign })), revocations };
  };
  t.deepEqual(found(back(false)), []);
  t.regex(found(back(true)).join('\n'), /^its certificate may sign no CRL .*reissue prod ca$/u);
});
