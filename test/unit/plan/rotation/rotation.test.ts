import test from 'ava';
import fc from 'fast-check';
import { PkiError } from '../../../../src/errors.ts';
import type { EntryState, ObservedEntry, ObservedKeyset } from '../../../../src/model/observed.ts';
import {
  NEW_ENTRY,
  type RotationRequest,
  type TransitionName,
} from '../../../../src/model/store/rotation.ts';
import { statusLines } from '../../../../src/commands/rotate/status.ts';
import { chooseTransition } from '../../../../src/plan/rotation/choose.ts';
import { planTransition } from '../../../../src/plan/rotation/plan-transition.ts';
import { isReady } from '../../../../src/plan/rotation/ready.ts';
import { rotationStatus } from '../../../../src/plan/rotation/status.ts';
import { MOVES, standingOf, TRANSITIONS } from '../../../../src/plan/rotation/transitions.ts';
import {
  after,
  ALICE,
  authority,
  DAY,
  NOW,
  observedEntry,
  observedKeyset,
} from '../../../_helpers/desired.ts';

const CA = authority('prod/ca', {
  rotation: { soak: DAY, automatic: false, outsideLife: 60 * DAY },
});

function keyset(...states: readonly EntryState[]): ObservedKeyset {
  const one = observedKeyset(CA);
  const entries = states.map((state, index): ObservedEntry => ({
    ...observedEntry(CA),
    id: `id-${index}`,
    state,
  }));
  return { ...one, entries };
}

const merged = (since: Date) => ({ since, commit: 'c'.repeat(40), content: new Uint8Array() });

const request = (over: Partial<RotationRequest> = {}): RotationRequest => ({
  keyset: CA.path,
  verb: 'advance',
  acceptLockout: false,
  ...over,
});

const STATES: readonly (readonly [TransitionName, readonly EntryState[], readonly string[]])[] = [
  ['accept', ['issuing'], ['id-0 issuing', 'new incoming']],
  ['issue', ['issuing', 'incoming'], ['id-1 issuing', 'id-0 outgoing']],
  ['retire', ['issuing', 'outgoing'], ['id-0 issuing']],
  ['abort-accept', ['issuing', 'incoming'], ['id-0 issuing']],
  ['abort-issue', ['issuing', 'outgoing'], ['id-1 issuing', 'id-0 outgoing']],
  ['replace', ['issuing'], ['new issuing']],
  ['replace', ['issuing', 'incoming'], ['new issuing']],
  ['replace', ['issuing', 'outgoing'], ['new issuing']],
];

for (const [name, before, expected] of STATES)
  test(`planTransition: ${name} of ${before.join(' and ')} gives ${expected.join(' and ')}`, (t) => {
    const planned = planTransition(name, CA, keyset(...before), [ALICE]);
    t.deepEqual(
      planned.after.entries.map(({ id, state }) => `${id} ${state}`),
      expected,
    );
    t.is(planned.after.revision, planned.before.revision + 1);
    const kept = new Set(planned.after.entries.map(({ id }) => id));
    t.deepEqual(
      planned.dropped.map(({ id }) => id),
      planned.before.entries.map(({ id }) => id).filter((id) => !kept.has(id)),
    );
  });

test('transitions: stages and their aborts, in any order, never leave the legal states, drop what signs, or sign with what was not trusted', (t) => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }), (aborts) => {
      let entries: readonly { readonly id: string; readonly state: EntryState }[] = [
        { id: 'first', state: 'issuing' },
      ];
      let made = 0;
      for (const isAbort of aborts) {
        const { next, abort } = MOVES[standingOf(entries)];
        const name = isAbort ? abort : next;
        if (name === null) continue;
        const before = new Map(entries.map(({ id, state }) => [id, state]));
        entries = TRANSITIONS[name](entries).map((entry) => {
          if (entry.id !== NEW_ENTRY) return entry;
          made += 1;
          return { ...entry, id: `made-${made}` };
        });
        const issuing = entries.filter(({ state }) => state === 'issuing');
        if (issuing.length !== 1 || entries.length > 2) return false;
        const [signer] = issuing;
        if (signer === undefined || !before.has(signer.id)) return false; // was trusted before it signs
        const dropped = [...before].filter(([id]) => !entries.some((entry) => entry.id === id));
        if (dropped.some(([, state]) => state === 'issuing')) return false;
      }
      return true;
    }),
  );
  t.pass();
});

test('rotationStatus: a stage soaks from the commit of the base branch', (t) => {
  const status = rotationStatus(CA, keyset('issuing', 'incoming'), { merged: merged(NOW) });
  t.is(status.standing, 'accepted');
  t.is(status.next, 'issue');
  t.deepEqual(status.notBefore, after(NOW, DAY));
  t.is(chooseTransition(request(), status, after(NOW, DAY)), 'issue');
  const early = t.throws(() => chooseTransition(request(), status, after(NOW, DAY - 1)), {
    instanceOf: PkiError,
  });
  t.is(early.code, 'ERR_ROTATION');
  t.is(early.message, '"issue" of "prod/ca" may not follow before 2026-11-23T08:00:00.000Z');
});

test('rotationStatus: no stage soaks before what it brought was made, whatever its commit says', (t) => {
  const { since } = rotationStatus(CA, keyset('issuing', 'incoming'), {
    merged: merged(after(NOW, -99 * DAY)),
  });
  t.deepEqual(since, after(NOW, -DAY));
});

test('rotationStatus: what is not on the base branch never soaks', (t) => {
  const status = rotationStatus(CA, keyset('issuing', 'incoming'), {});
  t.deepEqual([status.since, status.notBefore], [null, null]);
  const error = t.throws(() => chooseTransition(request(), status, after(NOW, 999 * DAY)), {
    instanceOf: PkiError,
  });
  t.regex(error.message, /the stage before it is not on the base branch$/u);
});

test('rotationStatus: what was issuing leaves after the longest life of what it signed outside of the tree, or with a lockout', (t) => {
  const status = rotationStatus(CA, keyset('issuing', 'outgoing'), { merged: merged(NOW) });
  t.deepEqual(status.notBefore, after(NOW, 61 * DAY), 'until it is rolled out it still signs');
  const soaked = after(NOW, DAY);
  t.throws(() => chooseTransition(request(), status, after(NOW, 61 * DAY - 1)), {
    code: 'ERR_ROTATION',
  });
  t.is(chooseTransition(request({ acceptLockout: true }), status, soaked), 'retire');
  t.throws(() => chooseTransition(request({ acceptLockout: true }), status, after(NOW, DAY - 1)), {
    code: 'ERR_ROTATION',
  });
  t.is(chooseTransition(request(), status, after(NOW, 61 * DAY)), 'retire');
});

test('rotationStatus: where nobody knows how long tokens live, only a lockout retires', (t) => {
  const unknown = authority('prod/ca', {
    rotation: { soak: DAY, automatic: false, outsideLife: null },
  });
  const status = rotationStatus(unknown, keyset('issuing', 'outgoing'), { merged: merged(NOW) });
  t.is(status.notBefore, null);
  const error = t.throws(() => chooseTransition(request(), status, after(NOW, 9999 * DAY)), {
    instanceOf: PkiError,
  });
  t.regex(
    error.message,
    /^"retire" of "prod\/ca" may not follow: nobody says how long tokens live/u,
  );
  t.is(chooseTransition(request({ acceptLockout: true }), status, after(NOW, DAY)), 'retire');
});

test('rotationStatus: an authority that the outgoing entry signed blocks its retirement, lockout or not', (t) => {
  const below = authority('prod/mesh').path;
  const status = rotationStatus(CA, keyset('issuing', 'outgoing'), {
    merged: merged(NOW),
    below: [below],
  });
  for (const acceptLockout of [true, false]) {
    const error = t.throws(
      () => chooseTransition(request({ acceptLockout }), status, after(NOW, 9999 * DAY)),
      { instanceOf: PkiError },
    );
    t.deepEqual(error.details, [
      '"prod/mesh" has a certificate of the outgoing entry: rotate it first',
    ]);
  }
});

const UNFIT: readonly (readonly [string, Partial<ObservedEntry>, string])[] = [
  [
    'whose key a recipient in wrong hands can open',
    { recipients: [ALICE, 'age1mallory'] },
    'the incoming entry id-1 is compromised: age1mallory could open its key',
  ],
  [
    'whose key a recipient in wrong hands could open before',
    { formerRecipients: ['age1mallory'] },
    'the incoming entry id-1 is compromised: age1mallory could open its key',
  ],
  [
    'with a key of another algorithm than is declared',
    { keyAlgorithm: 'RSA-2048' },
    'the incoming entry id-1 has a key of RSA-2048, declared is ECDSA-P256',
  ],
];

for (const [what, over, fault] of UNFIT)
  test(`chooseTransition: an incoming entry ${what} never signs, and is taken back`, (t) => {
    const stored = keyset('issuing', 'incoming');
    const facts = { merged: merged(NOW), compromised: new Set(['age1mallory']) };
    const fine = rotationStatus(CA, stored, facts);
    t.is(chooseTransition(request(), fine, after(NOW, DAY)), 'issue');
    t.true(isReady(fine, [fine], after(NOW, DAY)));

    const entries = stored.entries.map((entry) =>
      entry.state === 'incoming' ? { ...entry, ...over } : entry,
    );
    const status = rotationStatus(CA, { ...stored, entries }, facts);
    const error = t.throws(() => chooseTransition(request(), status, after(NOW, DAY)), {
      instanceOf: PkiError,
    });
    t.deepEqual(
      [error.code, error.message, error.details],
      ['ERR_ROTATION', '"issue" of "prod/ca" must not follow', [fault]],
    );
    t.deepEqual(error.hints, [
      'take the entry back and accept another: cdk8s-pki rotate prod ca --abort, merge that, then cdk8s-pki rotate prod ca',
    ]);
    t.false(isReady(status, [status], after(NOW, 9999 * DAY)), 'nor by itself');
    t.is(chooseTransition(request({ verb: 'abort' }), status, NOW), 'abort-accept');
    t.true(statusLines(status).includes(`  not to be issued, --abort takes it back: ${fault}`));
  });

test('chooseTransition: an incoming entry whose certificate has ended never signs', (t) => {
  const end = observedEntry(CA).certificate?.notAfter ?? NOW;
  const at = (now: Date): TransitionName | undefined => {
    const facts = { merged: merged(NOW), now };
    return chooseTransition(
      request(),
      rotationStatus(CA, keyset('issuing', 'incoming'), facts),
      now,
    );
  };
  t.is(at(after(end, -1)), 'issue');
  const error = t.throws(() => at(end), { instanceOf: PkiError, code: 'ERR_ROTATION' });
  t.deepEqual(error.details, [
    `the certificate of the incoming entry id-1 ended on ${end.toISOString()}`,
  ]);
  t.regex(error.hints.join('\n'), /rotate prod ca --abort, merge that/u);
});

test('chooseTransition: the way back from each standing', (t) => {
  const facts = { merged: merged(NOW) };
  const back = (states: readonly EntryState[]): TransitionName | undefined =>
    chooseTransition(request({ verb: 'abort' }), rotationStatus(CA, keyset(...states), facts), NOW);
  t.is(back(['issuing', 'incoming']), 'abort-accept');
  t.is(back(['issuing', 'outgoing']), 'abort-issue');
  const none = t.throws(() => back(['issuing']), {
    instanceOf: PkiError,
    code: 'ERR_ROTATION',
    message: 'no rotation of "prod/ca" is under way',
  });
  t.regex(none.hints.join('\n'), /while it is not committed: .*git restore FILE…/u);
});

test('chooseTransition: a stage that is not merged needs no way back', (t) => {
  for (const states of [
    ['issuing', 'incoming'],
    ['issuing', 'outgoing'],
  ] as const) {
    const status = rotationStatus(CA, keyset(...states), {});
    const error = t.throws(() => chooseTransition(request({ verb: 'abort' }), status, NOW), {
      instanceOf: PkiError,
      code: 'ERR_ROTATION',
      message: 'the stage of "prod/ca" is not on the base branch, so it needs no --abort',
    });
    t.regex(error.hints.join('\n'), /^git stash --include-untracked /mu);
  }
});

test('chooseTransition: an entry whose certificate has ended does not issue again', (t) => {
  const status = rotationStatus(CA, keyset('issuing', 'outgoing'), { merged: merged(NOW) });
  const end = observedEntry(CA).certificate?.notAfter ?? NOW;
  const abort = (now: Date): TransitionName | undefined =>
    chooseTransition(request({ verb: 'abort' }), status, now);
  t.is(abort(after(end, -1)), 'abort-issue');
  const error = t.throws(() => abort(end), {
    instanceOf: PkiError,
    code: 'ERR_ROTATION',
    message: `"--abort" of "prod/ca" may not follow: the certificate of the old entry ended on ${end.toISOString()}`,
  });
  t.regex(error.hints.join('\n'), /"retire": cdk8s-pki rotate prod ca$/mu);
  t.true(
    statusLines(status).includes(
      `  retire drops id-1; the other way is --abort, which makes it issuing again (its certificate ends on ${end.toISOString()})`,
    ),
  );
});

test('chooseTransition: a lockout is accepted for the stage that causes one only', (t) => {
  const status = rotationStatus(CA, keyset('issuing'), {});
  t.throws(() => chooseTransition(request({ acceptLockout: true }), status, NOW), {
    code: 'ERR_ROTATION',
    message: '"accept" of "prod/ca" locks nobody out',
  });
});
