import test from 'ava';
import fc from 'fast-check';
import type { DesiredLeaf } from '../../../src/model/desired.ts';
import type { TreePath } from '../../../src/model/names.ts';
import type { ObservedKeyset, ObservedLeaf } from '../../../src/model/observed.ts';
import type { Verdict } from '../../../src/model/plan.ts';
import { judge, RENEW_CHAIN, SYNTH_CHAIN, type LeafInput } from '../../../src/plan/checks.ts';
import { jitterOf } from '../../../src/plan/jitter.ts';
import type { CertificateInfo } from '../../../src/model/x509.ts';
import {
  after,
  ALICE,
  authority,
  BOB,
  certificateOf,
  DAY,
  leaf,
  NOW,
  observedEntry,
  observedKeyset,
  observedLeaf,
} from '../../_helpers/desired.ts';

const CA = authority('prod/ca');
const LEAF = leaf('prod/cp-1/apiserver', {
  dnsNames: ['api.example.com', 'kubernetes'],
  ipAddresses: ['10.0.0.1', 'fd00::1'],
});

/** All is as declared; `over` says what is not. */
function input(over: Partial<LeafInput> = {}): LeafInput {
  return {
    desired: LEAF,
    observed: observedLeaf(LEAF),
    issuer: observedKeyset(CA),
    compromised: new Set(),
    leaving: new Set(),
    requested: false,
    now: NOW,
    ...over,
  };
}

function withCertificate(
  over: Partial<CertificateInfo>,
  desired: DesiredLeaf = LEAF,
): ObservedLeaf {
  return observedLeaf(desired, { certificate: certificateOf(desired, over) });
}

const verdict = (over: Partial<LeafInput>, chain = SYNTH_CHAIN): Verdict | undefined =>
  judge(chain, input(over));

const fires = test.macro({
  title: (title) => title ?? '',
  exec: (t, over: Partial<LeafInput>, reason: Verdict['reason'], message: string) => {
    t.deepEqual(verdict(over), { reason, message });
  },
});

const passes = test.macro({
  title: (title) => title ?? '',
  exec: (t, over: Partial<LeafInput>) => {
    t.is(verdict(over), undefined);
  },
});

test('as declared: no check of either chain fires', (t) => {
  t.is(verdict({}), undefined);
  t.is(verdict({}, RENEW_CHAIN), undefined);
});

test(
  'Unreadable: fires with the reader’s own words',
  fires,
  {
    observed: { path: LEAF.path, file: observedLeaf(LEAF).file, unreadable: '"x": is empty' },
  },
  'Unreadable',
  '"x": is empty',
);

test(
  'Missing: fires for a credential that the store has not',
  fires,
  { observed: undefined },
  'Missing',
  'the store has no such credential',
);

test(
  'KeyMismatch: fires where the recorded SPKI is not that of the certificate',
  fires,
  { observed: observedLeaf(LEAF, { spki: 'f'.repeat(64) }) },
  'KeyMismatch',
  'the certificate is not for the private key beside it',
);

test(
  'IssuerMissing: fires where another issuer is declared',
  fires,
  { desired: { ...LEAF, issuer: authority('prod/other').path } },
  'IssuerMissing',
  'issuer was "prod/ca", is declared "prod/other"',
);

test(
  'IssuerMissing: fires where the issuer is to be made anew',
  fires,
  { issuer: undefined },
  'IssuerMissing',
  'issuer "prod/ca" is made anew',
);

test(
  'IssuerMissing: fires where the issuer’s keyset no longer has the entry',
  fires,
  { issuer: observedKeyset(CA, [observedEntry(CA, 'issuing', 'second')]) },
  'IssuerMissing',
  `issuer "prod/ca/${observedEntry(CA).id}" is gone`,
);

test(
  'IssuerMissing: fires where the entry of that id did not sign it',
  fires,
  { observed: observedLeaf(LEAF, { signedByIssuer: false }) },
  'IssuerMissing',
  `issuer "prod/ca/${observedEntry(CA).id}" did not sign it`,
);

for (const state of ['outgoing', 'incoming'] as const) {
  test(
    `IssuerRetired: fires where the signing entry is ${state}`,
    fires,
    {
      issuer: observedKeyset(CA, [
        observedEntry(CA, 'issuing', 'second'),
        observedEntry(CA, state),
      ]),
    },
    'IssuerRetired',
    `issuer "prod/ca/${observedEntry(CA).id}" is ${state}`,
  );
}

test('IssuerRetired: an incoming entry beside the signing one changes nothing', passes, {
  issuer: observedKeyset(CA, [observedEntry(CA), observedEntry(CA, 'incoming', 'second')]),
});

test(
  'SubjectChanged: fires for another common name',
  fires,
  { observed: withCertificate({ subject: { commonName: 'old' } }) },
  'SubjectChanged',
  'subject was "CN=old", is declared "CN=apiserver"',
);

test(
  'SubjectChanged: fires for a group more',
  fires,
  {
    observed: withCertificate({
      subject: { commonName: 'apiserver', organizations: ['system:masters'] },
    }),
  },
  'SubjectChanged',
  'subject was "O=system:masters, CN=apiserver", is declared "CN=apiserver"',
);

test('SubjectChanged: the order of groups means nothing, DER sorts a SET OF', passes, {
  desired: { ...LEAF, subject: { commonName: 'x', organizations: ['b', 'a'] } },
  observed: withCertificate({ subject: { commonName: 'x', organizations: ['a', 'b'] } }),
});

test('SubjectChanged: no groups and an empty list of groups are the same', passes, {
  desired: { ...LEAF, subject: { commonName: 'x', organizations: [], organizationalUnits: [] } },
  observed: withCertificate({ subject: { commonName: 'x' } }),
});

test(
  'SubjectChanged: an organization is not taken for an attribute that it spells',
  fires,
  {
    desired: { ...LEAF, subject: { organizations: ['a', 'b'] } },
    observed: withCertificate({ subject: { organizations: ['a, O=b'] } }),
  },
  'SubjectChanged',
  String.raw`subject was "O=a\, O=b", is declared "O=a, O=b"`,
);

test(
  'SansChanged: names what was added and what was removed, by kind',
  fires,
  {
    observed: withCertificate({
      dnsNames: ['kubernetes', 'old.example.com'],
      ipAddresses: ['10.0.0.1'],
      uris: ['spiffe://old'],
    }),
  },
  'SansChanged',
  'subject alternative names: added DNS:api.example.com, IP:fd00::1; removed DNS:old.example.com, URI:spiffe://old',
);

test('SansChanged: order and repetition mean nothing', passes, {
  desired: { ...LEAF, dnsNames: ['kubernetes', 'api.example.com', 'kubernetes'] },
});

test(
  'SansChanged: an address is not taken for the DNS name of the same text',
  fires,
  {
    observed: withCertificate({
      dnsNames: [...LEAF.dnsNames, '10.0.0.1'],
      ipAddresses: ['fd00::1'],
    }),
  },
  'SansChanged',
  'subject alternative names: added IP:10.0.0.1; removed DNS:10.0.0.1',
);

test(
  'UsageChanged: fires where the profile says another extendedKeyUsage',
  fires,
  { desired: { ...LEAF, profile: 'peer' } },
  'UsageChanged',
  'extendedKeyUsage was "1.3.6.1.5.5.7.3.1", profile "peer" says "1.3.6.1.5.5.7.3.1, 1.3.6.1.5.5.7.3.2"',
);

test('UsageChanged: the order of purposes means nothing', passes, {
  desired: { ...LEAF, profile: 'peer' },
  observed: withCertificate({ extendedKeyUsages: ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1'] }),
});

test(
  'UsageChanged: fires for a leaf that is a CA, whatever its usages',
  fires,
  { observed: withCertificate({ isCa: true }) },
  'UsageChanged',
  'the certificate is a CA certificate',
);

test(
  'KeyAlgorithmChanged: fires for another algorithm',
  fires,
  { desired: { ...LEAF, keyAlgorithm: 'RSA-4096' } },
  'KeyAlgorithmChanged',
  'key algorithm was ECDSA-P256, is declared RSA-4096',
);

test(
  'KeyAlgorithmChanged: fires for a key of a kind that is not made here',
  fires,
  { observed: withCertificate({ keyAlgorithm: null }) },
  'KeyAlgorithmChanged',
  'key algorithm was unknown, is declared ECDSA-P256',
);

test(
  'Exposed: fires while the key is encrypted to a compromised recipient',
  fires,
  { observed: observedLeaf(LEAF, { recipients: [ALICE, BOB] }), compromised: new Set([BOB]) },
  'Exposed',
  `its private key is encrypted to the compromised recipient ${BOB}`,
);

test(
  'Exposed: fires while an output with the key is encrypted to a compromised recipient',
  fires,
  { leaving: new Set([ALICE, BOB]), compromised: new Set([BOB]) },
  'Exposed',
  `an output with its private key is encrypted to the compromised recipient ${BOB}`,
);

test(
  'Exposed: fires where the document remembers a recipient that is compromised',
  fires,
  { observed: observedLeaf(LEAF, { formerRecipients: [BOB] }), compromised: new Set([BOB]) },
  'Exposed',
  `its private key was encrypted to the compromised recipient ${BOB}`,
);

test(
  'UsageChanged: fires where a certificate becomes a kubeconfig of the same name',
  fires,
  { observed: observedLeaf(LEAF, { kind: 'Kubeconfig' }) },
  'UsageChanged',
  'it was a Kubeconfig, is declared a Certificate',
);

test('Exposed: a compromised recipient of other files changes nothing', passes, {
  compromised: new Set([BOB]),
});

const NOT_AFTER = observedLeaf(LEAF);
const expiry = (): Date => {
  if ('unreadable' in NOT_AFTER) throw new TypeError('unreachable');
  return NOT_AFTER.certificate.notAfter;
};

test('Expired: not yet at notAfter itself, which is still valid (RFC 5280 §4.1.2.5)', (t) => {
  const at = verdict({ now: expiry() }, RENEW_CHAIN);
  t.is(at?.reason, 'RenewalDue');
});

test('Expired: a millisecond after notAfter', (t) => {
  t.deepEqual(verdict({ now: new Date(expiry().getTime() + 1) }, RENEW_CHAIN), {
    reason: 'Expired',
    message: `expired on ${expiry().toISOString()}`,
  });
});

test('RenewalDue: due at exactly notAfter minus renewBefore minus jitter', (t) => {
  const jitter = jitterOf('prod', 'cp-1', LEAF.jitter);
  const due = after(expiry(), -LEAF.renewBefore - jitter);
  t.deepEqual(verdict({ now: due }, RENEW_CHAIN), {
    reason: 'RenewalDue',
    message: `due since ${due.toISOString()}`,
  });
  t.is(verdict({ now: new Date(due.getTime() - 1) }, RENEW_CHAIN), undefined);
});

test('RenewalDue: without jitter, at exactly notAfter minus renewBefore', (t) => {
  const desired = { ...LEAF, jitter: 0 };
  const due = after(expiry(), -LEAF.renewBefore);
  t.is(verdict({ desired, now: due }, RENEW_CHAIN)?.reason, 'RenewalDue');
  t.is(verdict({ desired, now: new Date(due.getTime() - 1) }, RENEW_CHAIN), undefined);
});

test('SYNTH_CHAIN: time alone never makes it fire', (t) => {
  t.is(verdict({ now: after(NOW, 100 * 365 * DAY) }), undefined);
  t.is(verdict({ now: new Date(0) }), undefined);
});

test('property: what is due at an instant is due at every later one', (t) => {
  const instant = fc.integer({ min: -400 * DAY, max: 800 * DAY });
  const property = fc.property(
    instant,
    fc.integer({ min: 0, max: 400 * DAY }),
    fc.nat(DAY * 30),
    (at, later, jitter) => {
      const desired = { ...LEAF, jitter };
      const isDue = (seconds: number): boolean =>
        verdict({ desired, now: after(NOW, seconds) }, RENEW_CHAIN) !== undefined;
      return !isDue(at) || isDue(at + later);
    },
  );
  t.notThrows(() => {
    fc.assert(property);
  });
});

test('property: a verdict of SYNTH_CHAIN is the same at every instant', (t) => {
  const broken: readonly Partial<LeafInput>[] = [
    {},
    { observed: undefined },
    { issuer: undefined },
    { desired: { ...LEAF, keyAlgorithm: 'RSA-2048' } },
  ];
  const property = fc.property(
    fc.constantFrom(...broken),
    fc.date({ noInvalidDate: true }),
    (over, now) => t.deepEqual(verdict({ ...over, now }), verdict(over)),
  );
  fc.assert(property);
});

/** The issuer, which has revoked these serial numbers. */
function revoking(serialNumbers: readonly string[]): ObservedKeyset {
  const entries = serialNumbers.map((serialNumber) => ({
    serialNumber,
    credential: LEAF.path,
    revokedAt: NOW,
    reason: 'keyCompromise' as const,
    notAfter: after(NOW, DAY),
  }));
  const file = 'deploy/prod/pki/ca/revocations.yaml' as TreePath;
  return { ...observedKeyset(CA), revocations: { file, crl: null, entries, added: [] } };
}

const SERIAL = certificateOf(LEAF).serialNumber;

test(
  'Revoked: fires for a certificate whose serial number its issuer has revoked',
  fires,
  { issuer: revoking(['00', SERIAL]) },
  'Revoked',
  `serial number ${SERIAL} is revoked since ${NOW.toISOString()}`,
);

test('Revoked: another serial number revokes nothing', passes, { issuer: revoking(['00']) });

test('the chains: violated all at once, reasons come in order as each is repaired', (t) => {
  const right = withCertificate({});
  const wrong = {
    certificate: certificateOf(LEAF, {
      subject: { commonName: 'old' },
      dnsNames: [],
      extendedKeyUsages: [],
      keyAlgorithm: 'RSA-2048',
      notAfter: after(NOW, -1),
    }),
    spki: 'f'.repeat(64),
    signedByIssuer: false,
    recipients: [BOB],
  } satisfies Partial<ObservedLeaf>;
  let observed: LeafInput['observed'] = {
    path: LEAF.path,
    file: right.file,
    unreadable: 'it cannot be read',
  };
  let issuer = observedKeyset(CA, [
    observedEntry(CA, 'issuing', 'second'),
    observedEntry(CA, 'outgoing'),
  ]);
  const repair = (over: Partial<ObservedLeaf>): void => {
    if (observed === undefined || 'unreadable' in observed) throw new TypeError('not readable yet');
    observed = { ...observed, ...over };
  };
  const repairCertificate = (over: Partial<CertificateInfo>): void => {
    if (observed === undefined || 'unreadable' in observed) throw new TypeError('not readable yet');
    repair({ certificate: { ...observed.certificate, ...over } });
  };
  const { certificate } = right;
  const steps: readonly (readonly [Verdict['reason'], () => void])[] = [
    ['Unreadable', () => (observed = undefined)],
    ['Missing', () => (observed = { ...right, ...wrong })],
    [
      'KeyMismatch',
      () => {
        repair({ spki: right.spki });
      },
    ],
    [
      'IssuerMissing',
      () => {
        repair({ signedByIssuer: true });
      },
    ],
    ['IssuerRetired', () => (issuer = revoking([certificate.serialNumber]))],
    [
      'SubjectChanged',
      () => {
        repairCertificate({ subject: certificate.subject });
      },
    ],
    [
      'SansChanged',
      () => {
        repairCertificate({ dnsNames: certificate.dnsNames });
      },
    ],
    [
      'UsageChanged',
      () => {
        repairCertificate({ extendedKeyUsages: certificate.extendedKeyUsages });
      },
    ],
    [
      'KeyAlgorithmChanged',
      () => {
        repairCertificate({ keyAlgorithm: certificate.keyAlgorithm });
      },
    ],
    ['Revoked', () => (issuer = observedKeyset(CA))],
    [
      'Exposed',
      () => {
        repair({ recipients: right.recipients });
      },
    ],
    [
      'Expired',
      () => {
        repairCertificate({ notAfter: after(NOW, 1) });
      },
    ],
    [
      'RenewalDue',
      () => {
        repairCertificate({ notAfter: certificate.notAfter });
      },
    ],
  ];
  const reasons: (string | undefined)[] = [];
  for (const [, repairIt] of steps) {
    reasons.push(verdict({ observed, issuer, compromised: new Set([BOB]) }, RENEW_CHAIN)?.reason);
    repairIt();
  }
  t.deepEqual(
    reasons,
    steps.map(([reason]) => reason),
  );
  t.is(verdict({ observed, issuer, compromised: new Set([BOB]) }, RENEW_CHAIN), undefined);
});

test('the chains: RENEW_CHAIN is SYNTH_CHAIN, what was asked for and the two checks of time', (t) => {
  t.deepEqual(
    RENEW_CHAIN.map(({ reason }) => reason),
    [...SYNTH_CHAIN.map(({ reason }) => reason), 'Requested', 'Expired', 'RenewalDue'],
  );
});
