import test from 'ava';
import type { CredentialPath, TreePath } from '../../../../src/model/names.ts';
import type { EntryState, ObservedKeyset } from '../../../../src/model/observed.ts';
import { crlDueAt, type ObservedRevocations } from '../../../../src/model/store/revocations.ts';
import { planCrl, unsignableCrl } from '../../../../src/plan/revocation/crl.ts';
import {
  after,
  authority,
  DAY,
  NOW,
  observedEntry,
  observedKeyset,
} from '../../../_helpers/desired.ts';

const CA = authority('prod/ca');
const ENTRY = observedEntry(CA);

const entry = (serialNumber: string, ends = 100) => ({
  serialNumber,
  credential: 'prod/web' as CredentialPath,
  revokedAt: NOW,
  reason: 'unspecified' as const,
  notAfter: after(NOW, ends * DAY),
});

const CRL = {
  pem: '',
  number: 4,
  thisUpdate: NOW,
  nextUpdate: after(NOW, 90 * DAY),
  issuer: ENTRY.id,
  outgoing: null,
};

function keyset(
  over: Partial<ObservedRevocations> = {},
  state: EntryState = 'issuing',
): ObservedKeyset {
  const file = 'deploy/prod/pki/ca/revocations.yaml' as TreePath;
  const revocations = { file, crl: CRL, entries: [entry('0A')], added: [], ...over };
  return { ...observedKeyset(CA, [{ ...ENTRY, state }]), revocations };
}

const planned = (of: ObservedKeyset, { days = 0, isTimed = true, longestLeaf = 90 * DAY } = {}) =>
  planCrl(CA, of, { longestLeaf, isTimed, now: after(NOW, days * DAY) });

test('planCrl: an authority that revoked nothing has none', (t) => {
  t.is(planned(observedKeyset(CA)), undefined);
});

test('planCrl: one that says all, of the issuing entry, and is not due stays', (t) => {
  t.is(planned(keyset()), undefined);
});

test('planCrl: the first one has number 1, and lives as long as the longest leaf', (t) => {
  const first = planned(keyset({ crl: null, added: ['0A'] }));
  t.like(first, { number: 1, reason: 'Revoked', validity: 90 * DAY });
  t.is(
    planned(keyset({ crl: null }), { longestLeaf: 0 })?.validity,
    365 * DAY,
    'without a leaf a year',
  );
});

test('planCrl: a serial number that the CRL has not yet asks for the next one', (t) => {
  const next = planned(keyset({ entries: [entry('0A'), entry('0B')], added: ['0B'] }));
  t.like(next, { number: 5, reason: 'Revoked', message: 'it gets the serial numbers 0B' });
  t.deepEqual(
    next?.entries.map(({ serialNumber }) => serialNumber),
    ['0A', '0B'],
  );
});

for (const state of ['outgoing', 'incoming'] as const)
  test(`planCrl: one whose signer is ${state} is signed again, whatever the time`, (t) => {
    t.like(planned(keyset({}, state), { isTimed: false }), {
      reason: 'IssuerRetired',
      message: `its signer "${ENTRY.id}" is ${state}`,
    });
  });

const OLD = observedEntry(CA, 'outgoing', 'old');
const SECOND = { pem: '', issuer: OLD.id };

/** Between `issue` and `retire`. */
const issued = (
  crl: Partial<typeof CRL | { outgoing: typeof SECOND | null }>,
  old = OLD,
): ObservedKeyset => {
  const of = keyset({ crl: { ...CRL, ...crl } });
  return { ...of, entries: [ENTRY, old] };
};

test('planCrl: one that both entries signed stays, until it is due, and both sign the next one', (t) => {
  t.is(planned(issued({ outgoing: SECOND })), undefined);
  t.like(planned(issued({ outgoing: SECOND }), { days: 60 }), {
    reason: 'RenewalDue',
    number: 5,
    outgoing: OLD.id,
  });
});

test('planCrl: one that the outgoing entry has not signed is signed at once, whatever the time', (t) => {
  t.like(planned(issued({ outgoing: null }), { isTimed: false }), {
    reason: 'IssuerRetired',
    outgoing: OLD.id,
    message: `the outgoing entry "${OLD.id}" has not signed it`,
  });
  t.like(planned(issued({ outgoing: { pem: '', issuer: 'f'.repeat(16) } })), {
    outgoing: OLD.id,
    message: `the outgoing entry "${OLD.id}" has not signed it`,
  });
});

test('planCrl: one whose second signer left is signed again, by the issuing entry alone', (t) => {
  t.like(planned(keyset({ crl: { ...CRL, outgoing: SECOND } }), { isTimed: false }), {
    reason: 'IssuerRetired',
    outgoing: null,
    message: `its second signer "${OLD.id}" is gone`,
  });
});

test('planCrl: an incoming entry signs none', (t) => {
  t.is(planned(issued({ outgoing: null }, { ...OLD, state: 'incoming' })), undefined);
});

test('planCrl: an outgoing entry whose key usage lacks cRLSign is not waited for', (t) => {
  const adopted = { ...OLD, lacksCrlSign: true };
  t.is(planned(issued({ outgoing: null }, adopted)), undefined);
  const next = keyset({ crl: CRL, added: ['0A'] });
  t.is(planned({ ...next, entries: [ENTRY, adopted] })?.outgoing, null);
});

test('planCrl: a stage is taken back to an entry that may sign none, and the CRL stays until that is reissued, which is asked for', (t) => {
  const ofNewer = { crl: { ...CRL, issuer: OLD.id } };
  const back = (adopted: typeof ENTRY): ObservedKeyset => ({
    ...keyset(ofNewer),
    entries: [adopted, OLD],
  });
  const adopted = { ...ENTRY, lacksCrlSign: true };
  t.is(planned(back(adopted)), undefined);
  t.like(planned(back(ENTRY)), { reason: 'IssuerRetired', outgoing: OLD.id });
  t.is(planned(back(adopted), { days: 60 }), undefined, 'it holds up nothing else');
  t.regex(
    unsignableCrl(back(adopted)) ?? '',
    /may sign no CRL .* ends on \d{4}-.*: cdk8s-pki reissue \S+ \S+$/u,
  );
  t.is(unsignableCrl(back(ENTRY)), undefined);
  const reissue = { notBefore: NOW, notAfter: after(NOW, DAY) };
  t.is(planned(back({ ...adopted, reissue }))?.reason, 'IssuerRetired');
  t.is(unsignableCrl(back({ ...adopted, reissue })), undefined);
  t.is(planned({ ...keyset(ofNewer), entries: [adopted] })?.reason, 'IssuerRetired', 'it left');
});

test('planCrl: one whose signer is gone is signed again', (t) => {
  const of = keyset({ crl: { ...CRL, issuer: 'f'.repeat(16) } });
  t.is(planned(of)?.message, `its signer "${'f'.repeat(16)}" is gone`);
});

test('planCrl: due at exactly two thirds of its life, and only where the run is about time', (t) => {
  t.deepEqual(crlDueAt(CRL), after(NOW, 60 * DAY));
  t.is(planned(keyset(), { days: 60 - 1 / DAY }), undefined);
  t.is(planned(keyset(), { days: 60 })?.reason, 'RenewalDue');
  t.is(planned(keyset(), { days: 300, isTimed: false }), undefined);
});

test('planCrl: an entry stays until a CRL from after the end of its certificate has named it', (t) => {
  const serials = (thisUpdate: Date): string[] | undefined => {
    const crl = { ...CRL, thisUpdate, nextUpdate: after(thisUpdate, 90 * DAY) };
    const of = keyset({ crl, entries: [entry('0A', 70), entry('0B', 200)] });
    return planned(of, { days: 200 })?.entries.map(({ serialNumber }) => serialNumber);
  };
  t.deepEqual(serials(after(NOW, 60 * DAY)), ['0A', '0B'], 'expired, and not named since');
  t.deepEqual(serials(after(NOW, 70 * DAY)), ['0A', '0B'], 'good at its notAfter itself');
  t.deepEqual(serials(after(NOW, 70 * DAY + 1)), ['0B']);
});
