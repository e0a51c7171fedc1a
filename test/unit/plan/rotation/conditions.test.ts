import test from 'ava';
import { PkiError } from '../../../../src/errors.ts';
import type { CredentialPath, Seconds } from '../../../../src/model/names.ts';
import type { EntryState, IssuerId, ObservedEntry } from '../../../../src/model/observed.ts';
import type { MergedStage, RotationStatus } from '../../../../src/model/store/rotation.ts';
import { chooseTransition } from '../../../../src/plan/rotation/choose.ts';
import { planMemories } from '../../../../src/plan/rotation/outside-life.ts';
import { isReady, waitsForIssuer } from '../../../../src/plan/rotation/ready.ts';
import { rotationStatus } from '../../../../src/plan/rotation/status.ts';
import {
  after,
  authority,
  certificateOf,
  cluster,
  DAY,
  NOW,
  observedCluster,
  observedEntry,
  observedKeyset,
} from '../../../_helpers/desired.ts';

const rotation = { soak: DAY, automatic: true, outsideLife: 60 * DAY };
const ROOT = authority('prod/root', { rotation });
const MESH = authority('prod/mesh', { rotation, issuer: ROOT.path });

/** Entries with ids of their own; one of `mesh` has a certificate of an entry of `root`. */
function entriesOf(desired: typeof ROOT, states: readonly EntryState[], issuer?: IssuerId) {
  return states.map((state, index): ObservedEntry => ({
    ...observedEntry(desired),
    ...(issuer === undefined ? {} : { issuer }),
    id: `${desired.name}-${index}`,
    state,
  }));
}

type Facts = Parameters<typeof rotationStatus>[2];

const statusOf = (
  desired: typeof ROOT,
  entries: readonly ObservedEntry[],
  facts: Facts = {},
): RotationStatus => rotationStatus(desired, observedKeyset(desired, entries), facts);

const merged = (over: Partial<MergedStage> = {}): { readonly merged: MergedStage } => ({
  merged: { since: NOW, commit: 'c'.repeat(40), content: new Uint8Array(), ...over },
});

const choose = (status: RotationStatus, verb: 'advance' | 'abort', now: Date) =>
  chooseTransition({ keyset: ROOT.path, verb, acceptLockout: false }, status, now);

const LATE = after(NOW, 999 * DAY);

test('chooseTransition: where git took a later revision back, neither the next stage follows, nor is accept undone', (t) => {
  const entries = entriesOf(ROOT, ['issuing', 'incoming']);
  const fine = statusOf(ROOT, entries, merged());
  const status = statusOf(ROOT, entries, merged({ takenBack: 3 }));
  const verbs = [
    ['advance', 'issue'],
    ['abort', 'abort-accept'],
  ] as const;
  for (const [verb, transition] of verbs) {
    t.is(choose(fine, verb, LATE), transition);
    const error = t.throws(() => choose(status, verb, LATE), { instanceOf: PkiError });
    t.is(error.message, `"${transition}" of "prod/root" may not follow yet`);
    t.regex(error.details.join(), /^revision 3 of it was taken back in git: /u);
  }
});

test('chooseTransition: what a reverted retirement brings back signs again when it has soaked, not before', (t) => {
  const entries = entriesOf(ROOT, ['issuing', 'outgoing']);
  const never = statusOf(ROOT, entries, merged());
  t.is(never.abortNotBefore, null);
  t.is(choose(never, 'abort', NOW), 'abort-issue', 'nobody ever dropped it');
  const status = statusOf(ROOT, entries, merged({ retired: 4 }));
  const from = after(NOW, DAY);
  t.deepEqual(status.abortNotBefore, from);
  t.throws(() => choose(status, 'abort', after(from, -1)), {
    message: `"--abort" of "prod/root" may not follow before ${from.toISOString()}`,
  });
  t.is(choose(status, 'abort', from), 'abort-issue');
  const accepted = statusOf(ROOT, entriesOf(ROOT, ['issuing', 'incoming']), merged({ retired: 4 }));
  t.is(accepted.abortNotBefore, null, 'what accept brought has signed nothing');
});

test('rotationStatus: an incoming entry whose issuer is gone never signs', (t) => {
  const [root] = entriesOf(ROOT, ['issuing']);
  const roots = observedKeyset(ROOT, root === undefined ? [] : [root]);
  const faults = (issuer: string): readonly string[] => {
    const entries = entriesOf(MESH, ['issuing', 'incoming'], { keyset: ROOT.path, id: issuer });
    return statusOf(MESH, entries, { ...merged(), keyset: () => roots }).unfit;
  };
  t.deepEqual(faults('root-0'), []);
  t.deepEqual(faults('root-9'), [
    'the incoming entry mesh-1 is of "prod/root/root-9", which is gone',
  ]);
});

test('isReady: not while anything stands in the way, however late it is', (t) => {
  const entries = entriesOf(ROOT, ['issuing', 'outgoing']);
  const free = statusOf(ROOT, entries, merged());
  t.false(isReady(free, [free], after(NOW, 61 * DAY - 1)));
  t.true(isReady(free, [free], after(NOW, 61 * DAY)));
  const blocked = statusOf(ROOT, entries, { ...merged(), below: [MESH.path] });
  t.false(isReady(blocked, [blocked], LATE));
  const unfit = { ...free, unfit: ['the incoming entry is compromised'] };
  t.false(isReady(unfit, [unfit], LATE));
});

/** `mesh` with a certificate of the first entry of `root`, whose own end, and so the day on which it is due, is given. */
function pair(
  states: readonly EntryState[],
  ends: { readonly root: Seconds; readonly mesh: Seconds },
  over: Partial<typeof ROOT> = {},
) {
  const withEnd = (desired: typeof ROOT, of: readonly ObservedEntry[], end: Seconds) =>
    of.map((entry) => ({
      ...entry,
      certificate: certificateOf(desired, { notAfter: after(NOW, end) }),
    }));
  const root = { ...ROOT, renewBefore: 100 * DAY, ...over };
  const desired = { ...MESH, renewBefore: 100 * DAY };
  const above = statusOf(root, withEnd(root, entriesOf(root, states), ends.root), merged());
  const signer = { keyset: ROOT.path, id: 'root-0' };
  const mesh = statusOf(
    desired,
    withEnd(desired, entriesOf(desired, ['issuing'], signer), ends.mesh),
  );
  return { mesh, all: [mesh, above] };
}

test('isReady: what the outgoing entry of another authority signed is rotated at once', (t) => {
  const far = { root: 999 * DAY, mesh: 999 * DAY };
  for (const [states, expected] of [
    [['issuing'], false],
    [['issuing', 'incoming'], false],
    [['outgoing', 'issuing'], true],
  ] as const) {
    const { mesh, all } = pair(states, far);
    t.is(isReady(mesh, all, NOW), expected, states.join());
    t.false(isReady(mesh, [mesh], NOW), 'nobody knows the authority above');
  }
  const { mesh, all } = pair(['issuing'], { ...far, mesh: 100 * DAY });
  t.true(isReady(mesh, all, NOW), 'its own end is near');
  t.false(isReady(mesh, all, after(NOW, -1)));
});

test('waitsForIssuer: where the authority above is about to issue with another entry, and half of the time is left', (t) => {
  const due = { root: 100 * DAY, mesh: 100 * DAY };
  const later = { ...due, root: 999 * DAY };
  for (const [what, states, ends, over, expected] of [
    ['it is due as well', ['issuing'], due, {}, true],
    ['it is not due', ['issuing'], later, {}, false],
    ['it has accepted', ['issuing', 'incoming'], later, {}, true],
    ['it has issued', ['outgoing', 'issuing'], due, {}, false],
    [
      'nobody rotates it by itself',
      ['issuing', 'incoming'],
      due,
      { rotation: { ...rotation, automatic: false } },
      false,
    ],
  ] as const) {
    const { mesh, all } = pair(states, ends, over);
    t.is(waitsForIssuer(mesh, all, NOW), expected, what);
    t.is(waitsForIssuer(mesh, all, after(NOW, 50 * DAY - 1)), expected, what);
    t.false(waitsForIssuer(mesh, all, after(NOW, 50 * DAY)), `${what}, half of the time is over`);
    t.false(waitsForIssuer({ ...mesh, standing: 'accepted' }, all, NOW), 'it is under way');
    t.false(waitsForIssuer(mesh, [mesh], NOW), 'there is none above');
  }
});

test('planMemories: an entry remembers the longest of what is declared and what outputs say, and never less', (t) => {
  const declared = authority('prod/ca', { rotation: { ...rotation, outsideLife: 10 * DAY } });
  const desired = cluster('prod', { authorities: [declared] });
  const remembered = (known: Seconds | undefined, rendered?: Seconds): unknown => {
    const entries = [
      { ...observedEntry(declared), id: 'id-0', outsideLife: known },
      { ...observedEntry(declared, 'incoming', 'another'), id: 'id-1' },
    ];
    const store = observedCluster(desired, { keysets: [observedKeyset(declared, entries)] });
    const lives = new Map<CredentialPath, Seconds>();
    if (rendered !== undefined) lives.set(declared.path, rendered);
    return planMemories(desired, store, lives).map((planned) =>
      planned.entries.map(({ outsideLife }) => outsideLife),
    );
  };
  t.deepEqual(remembered(10 * DAY), []);
  t.deepEqual(remembered(30 * DAY), [], 'what is declared shorter is no reason to forget');
  t.deepEqual(remembered(undefined), [], 'it knows what is declared');
  t.deepEqual(remembered(5 * DAY), [[10 * DAY, undefined]], 'what signs nothing remembers nothing');
  t.deepEqual(remembered(undefined, 365 * DAY), [[365 * DAY, undefined]]);
  t.deepEqual(remembered(10 * DAY, 5 * DAY), []);
});
