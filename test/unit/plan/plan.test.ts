import test from 'ava';
import type { DesiredCluster, RemovedRecipient } from '../../../src/model/desired.ts';
import type { CredentialPath, Seconds } from '../../../src/model/names.ts';
import type { ObservedCluster, ObservedKeyset } from '../../../src/model/observed.ts';
import type { Action } from '../../../src/model/plan.ts';
import { waysToExtend } from '../../../src/model/store/rotation.ts';
import { RENEW_CHAIN, SYNTH_CHAIN } from '../../../src/plan/checks.ts';
import { plan, type UnitPlan } from '../../../src/plan/plan.ts';
import {
  after,
  ALICE,
  authority,
  BOB,
  certificateOf,
  cluster,
  DAY,
  leaf,
  NOW,
  observedCluster,
  observedEntry,
  observedKeyset,
  observedLeaf,
  serviceAccountKey,
  unit,
} from '../../_helpers/desired.ts';

const CA = authority('prod/ca');
const SUB = authority('prod/sub-ca', { issuer: CA.path });
const SA = serviceAccountKey('prod/sa');
const WEB = leaf('prod/web');
const API = leaf('prod/api', { issuer: SUB.path });
const PROD = cluster('prod', {
  authorities: [CA, SUB],
  serviceAccountKeys: [SA],
  leaves: [WEB, API],
});

function planned(
  desired: DesiredCluster,
  observed: ObservedCluster | undefined,
  over: {
    readonly foreign?: readonly ObservedKeyset[];
    readonly made?: readonly CredentialPath[];
    readonly replaced?: readonly string[];
    readonly removed?: readonly RemovedRecipient[];
    readonly now?: Date;
    readonly chain?: typeof SYNTH_CHAIN;
  } = {},
): UnitPlan {
  const { foreign = [], made = [], removed = [], now = NOW, chain = SYNTH_CHAIN } = over;
  return plan(
    unit(desired),
    {
      clusters: new Map(observed === undefined ? [] : [[observed.name, observed]]),
      foreignKeysets: new Map(foreign.map((keyset) => [keyset.path, keyset])),
      foreignMade: new Set(made),
      replaced: new Set(over.replaced),
      leaving: new Map(),
      signingLives: new Map(),
      exposed: [],
    },
    { chain, removedRecipients: removed, now },
  );
}

const summary = ({ actions }: UnitPlan): string[] =>
  actions.map(
    ({ action, credential, reason, needsIdentity }) =>
      `${action} ${credential} ${reason}${needsIdentity ? ' [identity]' : ''}`,
  );

test('plan: nothing to do where all is as declared', (t) => {
  t.deepEqual(planned(PROD, observedCluster(PROD)), {
    create: [],
    reissues: [],
    crls: [],
    issue: [],
    memories: [],
    reencrypt: [],
    remove: [],
    waiting: [],
    actions: [],
    findings: [],
  });
});

test('plan: a new cluster is created whole, issuers first, and needs no identity', (t) => {
  const result = planned(PROD, undefined);
  t.deepEqual(summary(result), [
    'create prod/ca Missing',
    'create prod/sub-ca Missing',
    'create prod/sa Missing',
    'issue prod/web Missing',
    'issue prod/api Missing',
  ]);
});

test('plan: an existing CA that signs needs an identity, for leaves and for CAs below it', (t) => {
  const observed = observedCluster(PROD, { keysets: [observedKeyset(CA)], leaves: [] });
  t.deepEqual(summary(planned(PROD, observed)), [
    'create prod/sub-ca Missing [identity]',
    'create prod/sa Missing',
    'issue prod/web Missing [identity]',
    'issue prod/api Missing',
  ]);
});

test('plan: a service-account key made anew needs no identity', (t) => {
  const observed = observedCluster(PROD, { keysets: [observedKeyset(CA), observedKeyset(SUB)] });
  t.deepEqual(summary(planned(PROD, observed)), ['create prod/sa Missing']);
});

test('plan: a CA of another cluster that exists signs with an identity', (t) => {
  const shared = authority('_shared/ca');
  const desired = cluster('prod', { leaves: [leaf('prod/web', { issuer: shared.path })] });
  t.deepEqual(summary(planned(desired, undefined, { foreign: [observedKeyset(shared)] })), [
    'issue prod/web Missing [identity]',
  ]);
});

test('plan: a CA of another cluster that this run makes signs without one', (t) => {
  const shared = authority('_shared/ca');
  const desired = cluster('prod', {
    authorities: [authority('prod/sub-ca', { issuer: shared.path })],
    leaves: [leaf('prod/web', { issuer: shared.path })],
  });
  const state = { foreign: [observedKeyset(shared)], made: [shared.path] };
  t.deepEqual(summary(planned(desired, undefined, state)), [
    'create prod/sub-ca Missing',
    'issue prod/web Missing',
  ]);
});

test('plan: a leaf no longer declared is deleted, without an identity', (t) => {
  const gone = leaf('prod/gone');
  const unreadable = {
    path: leaf('prod/broken').path,
    file: observedLeaf(leaf('prod/broken')).file,
    unreadable: 'x',
  };
  const observed = observedCluster(PROD, {
    leaves: [...PROD.leaves.map((item) => observedLeaf(item)), observedLeaf(gone), unreadable],
  });
  const result = planned(PROD, observed);
  t.deepEqual(summary(result), ['delete prod/gone NotDeclared', 'delete prod/broken NotDeclared']);
  t.deepEqual(
    result.remove.map(({ file }) => file as string),
    ['deploy/prod/pki/gone.sops.yaml', 'deploy/prod/pki/broken.sops.yaml'],
  );
});

test('plan: files of other recipients are re-encrypted, entries and leaves, each with an identity', (t) => {
  const desired = { ...PROD, recipients: [ALICE, BOB] };
  const result = planned(desired, observedCluster(PROD));
  t.deepEqual(summary(result), [
    'reencrypt prod/ca RecipientsChanged [identity]',
    'reencrypt prod/sub-ca RecipientsChanged [identity]',
    'reencrypt prod/sa RecipientsChanged [identity]',
    'reencrypt prod/web RecipientsChanged [identity]',
    'reencrypt prod/api RecipientsChanged [identity]',
  ]);
  t.deepEqual(
    result.reencrypt.map(({ recipients }) => recipients),
    Array.from({ length: 5 }, () => [ALICE, BOB]),
  );
});

test('plan: a leaf that is issued or deleted is not re-encrypted besides', (t) => {
  const recipients = [ALICE, BOB];
  const desired = cluster('prod', { authorities: [CA], leaves: [WEB], recipients });
  const observed = observedCluster(desired, {
    keysets: [observedKeyset(CA, [observedEntry(CA, 'issuing', CA.path, { recipients })])],
    leaves: [
      observedLeaf(WEB, { certificate: certificateOf(WEB, { dnsNames: [] }) }),
      observedLeaf(leaf('prod/gone')),
    ],
  });
  t.deepEqual(summary(planned(desired, observed)), [
    'issue prod/web SansChanged [identity]',
    'delete prod/gone NotDeclared',
  ]);
});

test('plan: the order of recipients and repeated ones mean nothing', (t) => {
  const recipients = [BOB, ALICE, BOB];
  const desired = cluster('prod', { authorities: [CA], recipients });
  const observed = observedCluster(desired, {
    keysets: [
      observedKeyset(CA, [observedEntry(CA, 'issuing', CA.path, { recipients: [ALICE, BOB] })]),
    ],
  });
  t.deepEqual(summary(planned(desired, observed)), []);
});

test('plan: what a compromised recipient could open is issued again, the CA key only re-encrypted', (t) => {
  const desired = cluster('prod', { authorities: [CA], leaves: [WEB] });
  const recipients = [ALICE, BOB];
  const observed = observedCluster(desired, {
    keysets: [observedKeyset(CA, [observedEntry(CA, 'issuing', CA.path, { recipients })])],
    leaves: [observedLeaf(WEB, { recipients })],
  });
  const removed = { recipient: BOB, since: '2026-11-01', compromised: true };
  t.deepEqual(summary(planned(desired, observed, { removed: [removed] })), [
    'issue prod/web Exposed [identity]',
    'reencrypt prod/ca RecipientsChanged [identity]',
  ]);
  t.deepEqual(
    summary(planned(desired, observed, { removed: [{ ...removed, compromised: false }] })),
    [
      'reencrypt prod/ca RecipientsChanged [identity]',
      'reencrypt prod/web RecipientsChanged [identity]',
    ],
  );
});

test('plan: authorities that issue for each other in a circle of clusters are made issuers first', (t) => {
  const root = authority('two/root');
  const sub = authority('one/sub', { issuer: root.path });
  const below = authority('two/below', { issuer: sub.path });
  const { create } = plan(
    unit(cluster('one', { authorities: [sub] }), cluster('two', { authorities: [root, below] })),
    {
      clusters: new Map(),
      foreignKeysets: new Map(),
      foreignMade: new Set(),
      replaced: new Set(),
      leaving: new Map(),
      signingLives: new Map(),
      exposed: [],
    },
    { chain: SYNTH_CHAIN, removedRecipients: [], now: NOW },
  );
  t.deepEqual(
    create.map(({ path }) => path as string),
    ['two/root', 'one/sub', 'two/below'],
  );
});

test('plan: a keyset that is replaced says who is locked out, and its old entries go', (t) => {
  const desired = cluster('prod', { authorities: [CA] });
  const entry = observedEntry(CA);
  const observed = {
    ...observedCluster(desired, { keysets: [] }),
    replaced: [{ path: CA.path, file: entry.file }],
  };
  const { actions, remove } = planned(desired, observed, { replaced: [CA.path] });
  t.deepEqual(
    actions.map(({ action, reason }) => `${action} ${reason}`),
    ['create Replaced', 'delete Replaced'],
  );
  t.regex(actions[0]?.message ?? '', /^made anew: all that trust the old one refuse/u);
  t.deepEqual(remove, [{ path: CA.path, file: entry.file }]);
});

test('plan: a changed validity waits for the next issue', (t) => {
  const desired = cluster('prod', {
    authorities: [{ ...CA, validity: CA.validity / 2, renewBefore: DAY }],
    leaves: [{ ...WEB, validity: 30 * DAY, renewBefore: DAY, jitter: 0 }],
  });
  const observed = observedCluster(cluster('prod', { authorities: [CA], leaves: [WEB] }));
  t.deepEqual(summary(planned(desired, observed)), []);
});

// Authorities never pass through the chain: whatever is wrong with one, nothing is issued and nothing is created.

const findings = (
  desired: DesiredCluster,
  observed: ObservedCluster,
  now = NOW,
): [string[], Pick<UnitPlan['findings'][number], 'credential' | 'message'>[]] => {
  const result = planned(desired, observed, { now, chain: RENEW_CHAIN });
  return [
    summary(result),
    result.findings.map(({ credential, message }) => ({ credential, message })),
  ];
};
const ONE = cluster('prod', { authorities: [CA], serviceAccountKeys: [SA] });

test('RotationNeeded: an expired authority is a finding and nothing else', (t) => {
  const expired = observedEntry(CA, 'issuing', CA.path, {
    certificate: certificateOf(CA, { notAfter: after(NOW, -DAY) }),
  });
  const observed = observedCluster(ONE, {
    keysets: [observedKeyset(CA, [expired]), observedKeyset(SA)],
  });
  t.deepEqual(findings(ONE, observed), [
    [],
    [
      {
        credential: CA.path,
        message: `due for rotation since ${after(NOW, -DAY - CA.renewBefore).toISOString()}: ${waysToExtend(CA.path)}`,
      },
    ],
  ]);
});

test('RotationNeeded: due at exactly notAfter minus longest leaf, three soaks and thirty days', (t) => {
  const desired = cluster('prod', { authorities: [CA], leaves: [WEB] });
  const observed = observedCluster(desired);
  const due = after(NOW, CA.validity - DAY - WEB.validity - 33 * DAY);
  const messages = (now: Date): string[] =>
    planned(desired, observed, { now }).findings.map(({ message }) => message);
  t.deepEqual(messages(due), [
    `due for rotation since ${due.toISOString()}: cdk8s-pki rotate prod ca (a new key, in stages, which takes weeks) or cdk8s-pki reissue prod ca (the key that it has for longer, in one change)`,
  ]);
  t.deepEqual(messages(new Date(due.getTime() - 1)), []);
});

for (const [title, declared, message] of [
  ['subject', { subject: { commonName: 'new' } }, 'subject is "CN=prod/ca", is declared "CN=new"'],
  [
    'DNS name',
    { dnsNames: ['a.example.com'] },
    `DNS names are "${CA.dnsNames.join(', ')}", are declared "a.example.com"`,
  ],
  [
    'key algorithm',
    { keyAlgorithm: 'RSA-4096' },
    'key algorithm is ECDSA-P256, is declared RSA-4096',
  ],
  ['path length', { pathLength: 1 }, 'pathLength is without limit, is declared 1'],
  [
    'issuer',
    { issuer: 'other/root' as CredentialPath },
    'issuer is none, is declared "other/root"',
  ],
] as const) {
  test(`RotationNeeded: an authority with another ${title} is a finding and nothing else`, (t) => {
    const desired = cluster('prod', { authorities: [{ ...CA, ...declared }] });
    t.deepEqual(findings(desired, observedCluster(cluster('prod', { authorities: [CA] }))), [
      [],
      [{ credential: CA.path, message }],
    ]);
  });
}

test('RotationNeeded: a CA whose issuer’s entry is outgoing, or gone, is a finding', (t) => {
  const desired = cluster('prod', { authorities: [CA, SUB] });
  const first = observedEntry(CA);
  const sub = observedEntry(SUB, 'issuing', SUB.path, {
    issuer: { keyset: CA.path, id: first.id },
  });
  const state = (...entries: readonly ReturnType<typeof observedEntry>[]): ObservedCluster =>
    observedCluster(desired, {
      keysets: [observedKeyset(CA, entries), observedKeyset(SUB, [sub])],
    });
  const second = observedEntry(CA, 'issuing', 'second');
  t.deepEqual(findings(desired, state(first))[1], []);
  t.deepEqual(findings(desired, state(second, { ...first, state: 'outgoing' })), [
    [],
    [{ credential: SUB.path, message: `issuer "prod/ca/${first.id}" is outgoing` }],
  ]);
  t.deepEqual(findings(desired, state(second)), [
    [],
    [{ credential: SUB.path, message: `issuer "prod/ca/${first.id}" is gone` }],
  ]);
});

test('RotationNeeded: a service-account key of another algorithm is a finding and nothing else', (t) => {
  const desired = cluster('prod', {
    serviceAccountKeys: [serviceAccountKey('prod/sa', { keyAlgorithm: 'RSA-2048' })],
  });
  const observed = observedCluster(cluster('prod', { serviceAccountKeys: [SA] }));
  t.deepEqual(findings(desired, observed), [
    [],
    [
      {
        credential: SA.path,
        message: 'key algorithm is ECDSA-P256, is declared RSA-2048',
      },
    ],
  ]);
});

test('RotationNeeded: an authority that is still to be made has no finding', (t) => {
  t.deepEqual(planned(ONE, undefined).findings, []);
});

test('actions: each names its cluster, credential, reason and message', (t) => {
  const observed = observedCluster(PROD, {
    leaves: [observedLeaf(WEB), observedLeaf(API, { spki: 'f'.repeat(64) })],
  });
  t.deepEqual(planned(PROD, observed).actions, [
    {
      action: 'issue',
      cluster: 'prod',
      credential: API.path,
      reason: 'KeyMismatch',
      message: 'the certificate is not for the private key beside it',
      needsIdentity: true,
    } satisfies Action,
  ]);
});

/** What a leaf of 90 days is told that is due today, and that its issuer outlives by so much. */
function due(outlives: Seconds, issuerLeft: Seconds): [string[], boolean[], string[]] {
  const spans = { validity: 90 * DAY, renewBefore: 30 * DAY, jitter: 0 };
  const web = leaf('prod/web', spans);
  const desired = cluster('prod', { authorities: [CA], leaves: [web] });
  const end = after(NOW, issuerLeft);
  const observed = observedCluster(desired, {
    keysets: [
      observedKeyset(CA, [
        observedEntry(CA, 'issuing', CA.path, {
          certificate: certificateOf(CA, { notAfter: end }),
        }),
      ]),
    ],
    leaves: [
      observedLeaf(web, { certificate: certificateOf(web, { notAfter: after(end, -outlives) }) }),
    ],
  });
  const result = planned(desired, observed, { chain: RENEW_CHAIN });
  const told = result.findings.filter(({ credential }) => credential === web.path);
  return [
    summary(result),
    result.issue.map(({ isLast }) => isLast),
    told.map(({ message }) =>
      message.replace(/^.*, and its/u, 'its').replace(/(?<=\d{4})-\S+Z/u, ''),
    ),
  ];
}
const LAST =
  'it is issued until 2026 only, when its issuer "prod/ca" ends, and cannot be renewed before: reissue that, or rotate it, before then';
const HELD =
  'its issuer "prod/ca" ends on 2026, too soon to issue it again: rotate the issuer, or reissue it';
const RENEWED = ['issue prod/web RenewalDue [identity]'];
const EXPIRED = ['issue prod/web Expired [identity]'];

for (const [title, outlives, issuerLeft, expected] of [
  ['enough left is renewed', DAY, 31 * DAY, [RENEWED, [false], []]],
  ['too little left gives what it has', 20 * DAY, 31 * DAY - 1, [RENEWED, [true], [LAST]]],
  ['a day more to give does so', DAY, 5 * DAY, [RENEWED, [true], [LAST]]],
  ['less than that to give lets it be', DAY - 1, 5 * DAY, [[], [], [HELD]]],
  ['a day left renews what has expired', 9 * DAY, DAY, [EXPIRED, [true], [LAST]]],
  ['less than a day left renews nothing', 9 * DAY, DAY - 1, [[], [], [HELD]]],
  ['an end in the past renews nothing', 9 * DAY, -1, [[], [], [HELD]]],
] as const)
  test(`plan: an issuer with ${title}`, (t) => {
    t.deepEqual(due(outlives, issuerLeft) as unknown, expected);
  });

test('plan: a leaf of hours that its issuer outlives gets its whole life, and no finding', (t) => {
  const hour = 3600;
  const spans = { validity: 6 * hour, renewBefore: 4 * hour, jitter: 0 };
  const web = leaf('prod/web', spans);
  const desired = cluster('prod', { authorities: [CA], leaves: [web] });
  const withIssuer = (left: Seconds): UnitPlan =>
    planned(
      desired,
      observedCluster(desired, {
        keysets: [
          observedKeyset(CA, [
            observedEntry(CA, 'issuing', CA.path, {
              certificate: certificateOf(CA, { notAfter: after(NOW, left) }),
            }),
          ]),
        ],
        leaves: [
          observedLeaf(web, {
            certificate: certificateOf(web, { notAfter: after(NOW, 4 * hour) }),
          }),
        ],
      }),
      { chain: RENEW_CHAIN },
    );
  const outcome = (left: Seconds): [string[], string[]] => {
    const result = withIssuer(left);
    const told = result.findings.filter(({ credential }) => credential === web.path);
    return [summary(result), told.map(({ code }) => code)];
  };
  t.deepEqual(outcome(7 * hour), [RENEWED, []]);
  t.deepEqual(outcome(6 * hour), [RENEWED, ['RotationNeeded']]);
  t.deepEqual(outcome(6 * hour - 1), [[], ['RotationNeeded']], 'less than a third of its life');
});

test('plan: what a compromised recipient could open is issued again, however soon its issuer ends', (t) => {
  const desired = cluster('prod', { authorities: [CA], leaves: [WEB] });
  const recipients = [ALICE, BOB];
  const end = after(NOW, 2 * DAY);
  const observed = observedCluster(desired, {
    keysets: [
      observedKeyset(CA, [
        observedEntry(CA, 'issuing', CA.path, {
          certificate: certificateOf(CA, { notAfter: end }),
        }),
      ]),
    ],
    leaves: [observedLeaf(WEB, { recipients, certificate: certificateOf(WEB, { notAfter: end }) })],
  });
  const removed = [{ recipient: BOB, since: '2026-11-01', compromised: true }];
  const { issue } = planned(desired, observed, { removed });
  t.deepEqual(
    issue.map(({ verdict, isLast }) => [verdict.reason, isLast]),
    [['Exposed', true]],
  );
});

test('plan: the last certificates of an issuer go along with each other on a node', (t) => {
  const spans = { validity: 90 * DAY, renewBefore: 30 * DAY, jitter: 7 * DAY };
  const [first, second] = [leaf('prod/cp-1/etcd', spans), leaf('prod/cp-1/web', spans)];
  const desired = cluster('prod', { authorities: [CA], leaves: [first, second] });
  const at = (of: typeof first, left: Seconds) =>
    observedLeaf(of, {
      issuedAt: after(NOW, (left - 90) * DAY),
      certificate: certificateOf(of, { notAfter: after(NOW, left * DAY) }),
    });
  const observed = observedCluster(desired, {
    keysets: [
      observedKeyset(CA, [
        observedEntry(CA, 'issuing', CA.path, {
          certificate: certificateOf(CA, { notAfter: after(NOW, 37 * DAY) }),
        }),
      ]),
    ],
    leaves: [at(first, 30), at(second, 34)],
  });
  const { issue, findings } = planned(desired, observed, { chain: RENEW_CHAIN });
  t.deepEqual(
    issue.map(({ desired: { name }, isLast }) => [name, isLast]),
    [
      ['etcd', true],
      ['web', true],
    ],
  );
  t.deepEqual(
    findings.map(({ credential }) => credential).filter((path) => path !== CA.path),
    [first.path, second.path],
  );
});
