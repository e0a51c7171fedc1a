import test from 'ava';
import { describeStage } from '../../../../src/commands/propose/describe.ts';
import { changeText, parseRecord } from '../../../../src/commands/propose/rotation/record.ts';
import { strayWorks } from '../../../../src/commands/propose/rotation/strays.ts';
import {
  automaticWorks,
  isLeft,
  workOf,
  type RotationWork,
} from '../../../../src/commands/propose/rotation/works.ts';
import { warningLines } from '../../../../src/commands/rotate/warnings.ts';
import type { KeysetUser } from '../../../../src/model/desired.ts';
import type { CredentialPath } from '../../../../src/model/names.ts';
import type { EntryState } from '../../../../src/model/observed.ts';
import type { Action } from '../../../../src/model/plan.ts';
import {
  NEW_ENTRY,
  type RotationRequest,
  type RotationStatus,
  type TransitionName,
} from '../../../../src/model/store/rotation.ts';
import { TRANSITIONS } from '../../../../src/plan/rotation/transitions.ts';
import { noEvidence } from '../../../../src/model/store/evidence.ts';
import { rotationStatus } from '../../../../src/plan/rotation/status.ts';
import { withEvidence } from '../../../../src/plan/rotation/with-evidence.ts';
import {
  after,
  authority,
  DAY,
  NOW,
  observedEntry,
  observedKeyset,
} from '../../../_helpers/desired.ts';

const CA = authority('prod/ca', {
  rotation: { soak: DAY, automatic: true, outsideLife: 60 * DAY },
});
const [OLD, NEW] = ['0'.repeat(16), '1'.repeat(16)];

/** The stage `issue` is merged at `NOW`. */
function issued(over: Partial<Parameters<typeof rotationStatus>[2]> = {}): RotationStatus {
  const entries = [
    { ...observedEntry(CA, 'issuing'), id: NEW },
    { ...observedEntry(CA, 'outgoing'), id: OLD },
  ];
  const merged = { since: NOW, commit: 'c'.repeat(40), content: new Uint8Array() };
  return rotationStatus(CA, observedKeyset(CA, entries), { merged, domain: 'ca', ...over });
}

const ABORT: RotationRequest = { keyset: CA.path, verb: 'abort', acceptLockout: false };
const asked = workOf(issued(), ABORT, 'asked-for', NOW);
const heldOf = (record: string | undefined) => [{ name: CA.path, record, files: [] }];
const LATE = after(NOW, 99 * DAY);

test('parseRecord: reads what a work records, and nothing else', (t) => {
  t.is(asked.record, `asked-for abort-issue prod/ca ${OLD} outgoing, ${NEW} issuing`);
  const record = parseRecord(asked.record);
  t.like(record, { wish: 'asked-for', transition: 'abort-issue', acceptLockout: false });
  t.is(record && changeText(record), asked.set[0]);
  const lockout = workOf(
    issued(),
    { keyset: CA.path, verb: 'advance', acceptLockout: true },
    'asked-for',
    after(NOW, DAY),
  );
  t.like(parseRecord(lockout.record), { transition: 'retire', acceptLockout: true });
  for (const text of [undefined, '', 'retire prod/ca x', 'asked-for explode prod/ca x'])
    t.is(parseRecord(text), undefined, text);
});

test('automaticWorks: what somebody asked for is made as what it is, before and after the next stage may follow', (t) => {
  for (const now of [NOW, LATE]) {
    const works = automaticWorks({ rotations: [issued()], actions: [] }, heldOf(asked.record), now);
    t.deepEqual(works, [asked]);
  }
});

test('automaticWorks: what nobody asked for goes on with the keyset, or is closed with the truth', (t) => {
  const record = asked.record?.replace('asked-for', 'automatic');
  const of = (now: Date) =>
    automaticWorks({ rotations: [issued()], actions: [] }, heldOf(record), now);
  t.like(of(LATE)[0], { transition: 'retire', wish: 'automatic' });
  t.like(of(NOW)[0], { set: [] });
  t.regex(of(NOW)[0]?.closing ?? '', /^Nobody asked for it, and no stage of prod\/ca may follow/u);
});

test('strayWorks: an automatic stage of what is no longer automatic, or declared, is closed with the reason', (t) => {
  const record = asked.record?.replace('asked-for', 'automatic');
  const declared = (all: readonly CredentialPath[], automatic: readonly CredentialPath[] = []) => ({
    tree: 'deploy',
    all: new Set(all),
    automatic: new Set(automatic),
  });
  const [stray, ...more] = strayWorks(declared([CA.path]), heldOf(record), false);
  t.like(stray, { name: CA.path, set: [], clusters: [] });
  t.is(more.length, 0);
  t.is(stray?.stays, undefined);
  t.regex(
    stray?.closing ?? '',
    /^Nobody asked for this stage, and prod\/ca is no longer declared `rotation: \{ automatic: true \}`: `cdk8s-pki rotate prod ca --pull-request` asks/u,
  );
  const [removed] = strayWorks(declared([]), heldOf(record), true);
  t.is(removed?.closing, 'Nobody asked for this stage, and prod/ca is no longer declared.');
  t.deepEqual(strayWorks(declared([]), heldOf(record), false), [], 'of a cluster not looked at');
  t.deepEqual(strayWorks(declared([CA.path], [CA.path]), heldOf(record), true), []);
  for (const other of [asked.record, undefined, record?.replace('/ca', '/cb')])
    t.deepEqual(strayWorks(declared([]), heldOf(other), true), [], 'that is for people');
});

const LEFT: readonly (readonly [string, string | undefined, RegExp])[] = [
  [
    'of a base that went on',
    asked.record?.replace(OLD, '2'.repeat(16)),
    /^somebody asked for "abort-issue", which cannot be made any more: the base branch has other entries since$/u,
  ],
  [
    'that waits again',
    asked.record?.replace('abort-issue', 'retire'),
    /^somebody asked for "retire", which cannot be made now: "retire" of "prod\/ca" may not follow before /u,
  ],
  [
    'of another keyset',
    asked.record?.replace('/ca', '/cb'),
    /^its commit does not say what it is$/u,
  ],
  [
    'that replaces the key',
    asked.record?.replace('abort-issue', 'replace'),
    /^somebody asked for "replace", which is made anew for nobody but who asks for it again$/u,
  ],
  [
    'that locks out',
    asked.record?.replace('abort-issue', 'retire --accept-lockout'),
    /^somebody asked for "retire", which is made anew for nobody but who asks for it again$/u,
  ],
  ['without a record', undefined, /^its commit does not say what it is$/u],
];

for (const [what, record, why] of LEFT)
  test(`automaticWorks: an open pull request ${what} is left to people`, (t) => {
    const [work, ...more] = automaticWorks(
      { rotations: [issued()], actions: [] },
      heldOf(record),
      NOW,
    );
    t.deepEqual([work?.set, more], [[], []]);
    t.regex(work?.stays?.why ?? '', why);
    t.true(work?.stays?.isForPeople);
  });

test('automaticWorks: of a cluster that is not as declared, nothing is made, closed or left', (t) => {
  const action: Action = {
    action: 'issue',
    cluster: 'prod',
    credential: CA.path,
    reason: 'Missing',
    message: '',
    needsIdentity: true,
  };
  const result = { rotations: [issued()], actions: [action] };
  t.deepEqual(automaticWorks(result, heldOf(asked.record), LATE), []);
});

const CHANGE = { soak: DAY, automatic: true, outsideLife: 0 };
const YEAR = 365 * DAY;

/** An authority of the cluster that ends in a year, due 100 days before. */
function standing(
  path: string,
  states: readonly EntryState[] = ['issuing'],
  over: Partial<RotationStatus> = {},
): RotationStatus {
  const desired = authority(path, { rotation: CHANGE, renewBefore: 100 * DAY });
  const entries = states.map((state, index) => ({
    ...observedEntry(desired, state),
    id: `${path}-${index}`,
  }));
  const merged = { since: NOW, commit: 'c'.repeat(40), content: new Uint8Array() };
  const status = rotationStatus(desired, observedKeyset(desired, entries), { merged });
  const notAfter = after(NOW, YEAR);
  return { ...status, notAfter, dueAt: after(NOW, YEAR - 100 * DAY), ...over };
}

const stagesOf = (
  rotations: readonly RotationStatus[],
  now: Date,
  held: Parameters<typeof automaticWorks>[1] = [],
): string[] =>
  automaticWorks({ rotations, actions: [] }, held, now)
    .filter(({ set }) => set.length > 0)
    .map(({ name, transition, deadline }) =>
      [name, transition, deadline?.toISOString().slice(0, 10) ?? 'whenever'].join(' '),
    );

test('automaticWorks: every keyset of a cluster goes on by itself, with the day until which it must', (t) => {
  const rotations = [
    standing('prod/ca'),
    standing('prod/etcd-ca', ['issuing', 'incoming']),
    standing('prod/front-proxy-ca', ['issuing', 'outgoing']),
    standing('prod/later', ['issuing'], { dueAt: after(NOW, 2 * YEAR) }),
    standing('prod/by-hand', ['issuing'], { automatic: false }),
  ];
  t.deepEqual(stagesOf(rotations, after(NOW, YEAR - 100 * DAY)), [
    'prod/ca accept 2027-10-22',
    'prod/etcd-ca issue 2027-11-22',
    'prod/front-proxy-ca retire whenever',
  ]);
  t.deepEqual(stagesOf(rotations, NOW), []);
});

const SEEN = {
  ...noEvidence(),
  holds: ['all static pods have started'],
  unseen: ['backup jobs'],
  isRolledOut: true,
};
const EARLY = after(NOW, DAY / 24);
const etcd = standing('prod/etcd-ca', ['issuing', 'incoming']);
const rolledOut = withEvidence(etcd, SEEN);

test('automaticWorks: a stage that is rolled out is proposed before its soak is over, with what was seen', (t) => {
  t.deepEqual(stagesOf([etcd], EARLY), []);
  t.deepEqual(stagesOf([withEvidence(etcd, noEvidence('etcd is not ready'))], EARLY), []);
  const [work] = automaticWorks({ rotations: [rolledOut], actions: [] }, [], EARLY);
  t.like(work, { transition: 'issue', wish: 'automatic' });
  const { body } = describeStage({ ...(work as RotationWork), transition: 'issue' });
  t.regex(
    body,
    /^\*\*Evidence\.\*\* issue follows by what the cluster says, without it not before \S+\.\n\n- seen: all static pods have started\n- nobody can see: backup jobs\n/mu,
  );
  const [late] = automaticWorks({ rotations: [rolledOut], actions: [] }, [], after(NOW, DAY));
  t.deepEqual(late?.evidence, [], 'its time has come without it');
});

test('workOf: what somebody asks for follows by evidence, and says so', (t) => {
  const request = { keyset: etcd.keyset, verb: 'advance', acceptLockout: false } as const;
  t.throws(() => workOf(etcd, request, 'asked-for', EARLY), { message: /may not follow before/u });
  const { transition, evidence } = workOf(rolledOut, request, 'asked-for', EARLY);
  t.is(transition, 'issue');
  t.regex(evidence.join('\n'), /^issue follows by what the cluster says[^]*\nseen: all static/u);
});

test('automaticWorks: what evidence opened is closed without it, and stays while the cluster cannot be asked', (t) => {
  const [opened] = automaticWorks({ rotations: [rolledOut], actions: [] }, [], EARLY);
  const held = [{ name: etcd.keyset, record: opened?.record, files: [] }];
  const of = (unasked?: ReadonlyMap<string, unknown>, open = held, now = EARLY) =>
    automaticWorks({ rotations: [etcd], actions: [] }, open, now, unasked)[0];
  t.like(of(), { set: [], stays: undefined });
  const silent = new Map([['prod', new Error('no answer')]]);
  t.deepEqual(of(silent)?.stays, {
    why: 'its cluster could not be asked whether its time has come',
    isForPeople: false,
  });
  t.is(of(new Map([['other', new Error('no answer')]]))?.stays, undefined);
  t.is(of(silent, [])?.stays, undefined, 'nothing is open');
  t.like(of(silent, held, after(NOW, DAY)), { transition: 'issue', stays: undefined });
});

const ROOT = 'prod/root' as CredentialPath;
const below = (id: string): RotationStatus =>
  standing('prod/mesh', ['issuing'], { issuer: { keyset: ROOT, id } });
const DUE = after(NOW, YEAR - 100 * DAY);
const HALF = after(NOW, YEAR - 50 * DAY);

test('automaticWorks: an authority below another begins once that one issues with another entry', (t) => {
  const root = standing(ROOT, ['issuing', 'outgoing'], { blockers: ['mesh'] });
  t.deepEqual(stagesOf([root, below(`${ROOT}-1`)], NOW), ['prod/mesh accept 2027-10-22']);
  t.deepEqual(stagesOf([root, below(`${ROOT}-0`)], NOW), [], 'it follows the new one already');
});

test('automaticWorks: an authority below another waits for that one to issue, not for ever, and is not taken back', (t) => {
  const mesh = below(`${ROOT}-0`);
  const accept = 'prod/mesh accept 2027-10-22';
  const unfit = { unfit: ['compromised'] };
  for (const [root, waits] of [
    [standing(ROOT, ['issuing', 'incoming'], unfit), true],
    [standing(ROOT, ['issuing'], unfit), true],
    [standing(ROOT, ['issuing'], { dueAt: after(DUE, DAY) }), false],
    [standing(ROOT, ['issuing', 'outgoing'], { blockers: ['another'] }), false],
    [standing(ROOT, ['issuing', 'incoming'], { automatic: false }), false],
  ] as const) {
    t.deepEqual(stagesOf([root, mesh], DUE), waits ? [] : [accept]);
    if (waits) t.deepEqual(stagesOf([root, mesh], HALF), [accept]);
    const { record } = workOf(
      mesh,
      { keyset: mesh.keyset, verb: 'advance', acceptLockout: false },
      'automatic',
      DUE,
    );
    const held = [{ name: mesh.keyset, record, files: [] }];
    t.deepEqual(stagesOf([root, mesh], DUE, held), [accept]);
  }
});

const BEFORE = [
  { id: NEW, state: 'issuing' },
  { id: OLD, state: 'outgoing' },
] as const;
const expected = (name: TransitionName): string[] =>
  TRANSITIONS[name](BEFORE).map(({ id, state }) => `${id} ${state}`);

test('isLeft: a replacement is of a key that the base never had', (t) => {
  const known = new Set([OLD, NEW]);
  t.deepEqual(expected('replace'), [`${NEW_ENTRY} issuing`]);
  const found = (...entries: RotationStatus['entries']): boolean =>
    isLeft(expected('replace'), entries, known);
  t.true(found({ id: '3'.repeat(16), state: 'issuing' }));
  t.false(found({ id: NEW, state: 'issuing' }), 'that is "retire"');
  t.false(found({ id: OLD, state: 'issuing' }));
  t.false(found({ id: '3'.repeat(16), state: 'incoming' }));
  t.false(found({ id: '3'.repeat(16), state: 'issuing' }, { id: OLD, state: 'outgoing' }));
  t.false(found());
});

test('isLeft: what is kept is kept by its id', (t) => {
  const known = new Set([OLD, NEW]);
  t.true(isLeft(expected('retire'), [{ id: NEW, state: 'issuing' }], known));
  t.false(isLeft(expected('retire'), [{ id: OLD, state: 'issuing' }], known));
  t.false(isLeft(expected('retire'), [{ id: '3'.repeat(16), state: 'issuing' }], known));
});

const LOCKED: readonly (readonly [Partial<Parameters<typeof rotationStatus>[2]>, RegExp])[] = [
  [{ domain: 'ca' }, /^\*\*Lockout\*\* \(`--accept-lockout`\)\. Every kubelet .* 0{16} signed/mu],
  [{ domain: 'service-account-key' }, /^\*\*Lockout\*\* .* Every service account token .* 0{16}/mu],
  [{ domain: 'authority' }, /^\*\*Lockout\*\* .* Whoever has a certificate of .* 0{16}/mu],
];

const USE: Omit<KeysetUser, 'domain'> = {
  keyset: CA.path,
  cluster: 'edge',
  nodes: [],
  authorities: [],
  trusting: { files: [], pods: [], kubeconfigs: [], manifests: [] },
  issued: { files: [], pods: [], kubeconfigs: [], manifests: [] },
};

test('warningLines: of what is shared, each says what all have it for that use it', (t) => {
  const users = (['ca', 'authority', 'ca'] as const).map((domain) => ({ ...USE, domain }));
  const status = issued({ domain: 'authority', users });
  const of = (request: Pick<RotationRequest, 'verb' | 'acceptLockout'>): string =>
    warningLines({ keyset: CA.path, ...request }, [status], after(NOW, DAY)).join('\n');
  const outage = of({ verb: 'compromised', acceptLockout: false });
  t.is(outage.split('Every kubelet, every client certificate').length, 2, outage);
  t.regex(outage, /Whoever trusts only what was replaced/u);
  const lockout = of({ verb: 'advance', acceptLockout: true });
  t.regex(
    lockout,
    /Every kubelet whose client certificate .* Whoever has a certificate of the outgoing/u,
  );
});

for (const [facts, text] of LOCKED)
  test(`describeStage: --accept-lockout is named, and who it locks out: ${facts.domain ?? ''}`, (t) => {
    const request = { keyset: CA.path, verb: 'advance', acceptLockout: true } as const;
    const of = (now: Date) =>
      describeStage({
        ...workOf(issued(facts), request, 'asked-for', now),
        transition: 'retire',
      });
    const { title, body } = of(after(NOW, DAY));
    t.is(title, 'Rotate prod/ca: retire (stage 3 of 3) with --accept-lockout');
    t.regex(body, text);
    t.regex(body, /### Before you merge\n[^]*### To roll it out\n/u);
    t.true(body.includes(after(NOW, 61 * DAY).toISOString()), 'until when');
    const late = of(after(NOW, 61 * DAY));
    t.false((late.title + late.body).includes('ockout'), 'nobody is left');
  });
