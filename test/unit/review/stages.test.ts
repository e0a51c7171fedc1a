import test from 'ava';
import type { CredentialPath } from '../../../src/model/names.ts';
import type { ObservedEntry, ObservedKeyset } from '../../../src/model/observed.ts';
import type { RetirementWait, TransitionName } from '../../../src/model/store/rotation.ts';
import { earlyFlags } from '../../../src/review/stages.ts';
import { after, DAY, NOW } from '../../_helpers/desired.ts';

const CA = 'prod/ca' as CredentialPath;

/** What a standing is made of, and nothing that a document says beside. */
const entry = (state: ObservedEntry['state'], over: Partial<ObservedEntry> = {}) =>
  ({
    id: state.padEnd(16, '0'),
    state,
    certificate: null,
    issuedAt: NOW,
    ...over,
  }) as ObservedEntry;

const keyset = (
  entries: readonly ObservedEntry[],
  kind: ObservedKeyset['kind'] = 'CertificateAuthority',
) => ({ path: CA, kind, entries }) as unknown as ObservedKeyset;

const ACCEPTED = keyset([entry('issuing'), entry('incoming')]);
const issued = (outsideLife?: number, kind?: ObservedKeyset['kind']): ObservedKeyset =>
  keyset([entry('issuing'), entry('outgoing', { outsideLife })], kind);

interface Case {
  readonly title: string;
  readonly stage?: TransitionName;
  readonly before?: ObservedKeyset;
  readonly declared?: RetirementWait;
  /** Seconds since the base has the stage before; null where nobody knows. */
  readonly age: number | null;
  readonly flags: readonly string[];
}

const RETIRE = { stage: 'retire', before: issued() } as const;
const KEY = { stage: 'retire', before: issued(undefined, 'ServiceAccountKey') } as const;
const CASES: readonly Case[] = [
  { title: 'a second before the soak', age: DAY - 1, flags: ['StageEarly'] },
  { title: 'after the soak', age: DAY, flags: [] },
  { title: 'of a base whose age nobody knows', age: null, flags: [] },
  {
    title: 'in a soak that is declared',
    declared: { soak: 2 * DAY, outsideLife: 0 },
    age: DAY,
    flags: ['StageEarly'],
  },
  { title: 'after a shorter one', declared: { soak: 60, outsideLife: 0 }, age: 60, flags: [] },
  { title: 'what takes accept back', stage: 'abort-accept', age: 0, flags: [] },
  { title: 'what takes issue back', stage: 'abort-issue', before: issued(), age: 0, flags: [] },
  { title: 'a replacement', stage: 'replace', age: 0, flags: [] },
  {
    title: 'retire in its soak, of what signs nothing outside',
    ...RETIRE,
    age: DAY - 1,
    flags: ['StageEarly'],
  },
  { title: 'retire after it', ...RETIRE, age: DAY, flags: [] },
  {
    title: 'retire in a life that is remembered',
    ...RETIRE,
    before: issued(3 * DAY),
    age: 3 * DAY - 1,
    flags: ['LockoutAccepted'],
  },
  {
    title: 'retire after that and within a soak of it',
    ...RETIRE,
    before: issued(3 * DAY),
    age: 3 * DAY,
    flags: ['StageEarly'],
  },
  { title: 'retire after both', ...RETIRE, before: issued(3 * DAY), age: 4 * DAY, flags: [] },
  {
    title: 'retire in its soak and in such a life',
    ...RETIRE,
    before: issued(3 * DAY),
    age: 0,
    flags: ['StageEarly', 'LockoutAccepted'],
  },
  {
    title: 'retire in a life that is declared',
    ...RETIRE,
    declared: { soak: DAY, outsideLife: 5 * DAY },
    age: 4 * DAY,
    flags: ['LockoutAccepted'],
  },
  {
    title: 'a key whose tokens live nobody knows how long',
    ...KEY,
    age: 900 * DAY,
    flags: ['LockoutAccepted'],
  },
  {
    title: 'a key of which that is remembered',
    ...KEY,
    before: issued(DAY, 'ServiceAccountKey'),
    age: 2 * DAY,
    flags: [],
  },
];

for (const { title, stage = 'issue', before = ACCEPTED, declared, age, flags } of CASES)
  test(`early: ${title} has ${flags.length === 0 ? 'no flag' : flags.join(', ')}`, (t) => {
    const waits = {
      now: after(NOW, age ?? 0),
      since: new Map(age === null ? [] : [[CA, NOW]]),
      ...(declared === undefined ? {} : { declared: new Map([[CA, declared]]) }),
    };
    const found: readonly string[] = earlyFlags(stage, before, waits, {}).map(({ code }) => code);
    t.deepEqual(found, flags);
  });

test('early: a commit that is older than what it brought counts from that', (t) => {
  const before = keyset([entry('issuing'), entry('incoming', { issuedAt: after(NOW, 3600) })]);
  const at = (seconds: number) =>
    earlyFlags('issue', before, { now: after(NOW, seconds), since: new Map([[CA, NOW]]) }, {});
  t.is(at(DAY + 3599).length, 1);
  t.is(at(DAY + 3600).length, 0);
});
