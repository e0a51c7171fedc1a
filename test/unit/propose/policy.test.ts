import test from 'ava';
import fc from 'fast-check';
import {
  byDeadline,
  comesBack,
  decide,
  inOrder,
  setDigest,
  urgencyOf,
  type Decision,
  type Situation,
  type Urgency,
  type Work,
} from '../../../src/propose/policy.ts';

const DAY = 86_400_000;
const NOW = new Date('2026-11-22T08:00:00Z');
const inDays = (count: number): Date => new Date(NOW.getTime() + count * DAY);

const work = (over: Partial<Work> = {}): Work => ({
  name: 'prod',
  clusters: ['prod'],
  set: ['issue prod/web'],
  deadline: inDays(80),
  renewBefore: 90 * DAY,
  ...over,
});
const DIGEST = setDigest(work().set);
const OPEN = { set: DIGEST, urgency: 'routine', isLabelled: true } as const;
const situation = (over: Partial<Situation> = {}): Situation => ({
  work: work(),
  head: null,
  open: null,
  closed: null,
  hasRoom: true,
  ...over,
});
const closed = (days: number, set: string | null = DIGEST): Situation['closed'] => ({
  set,
  urgency: 'routine',
  closedAt: inDays(-days),
});

const decides = test.macro({
  title: (_, title: string) => `decide: ${title}`,
  exec(t, _title: string, over: Partial<Situation>, expected: Decision) {
    t.deepEqual(decide(situation(over), NOW), expected);
  },
});
const nothing = work({ set: [], deadline: null, renewBefore: null });
const stays = { why: 'somebody asked for it', isForPeople: true };
const left = work({ set: [], deadline: null, renewBefore: null, stays });

test(
  decides,
  'what somebody asked for and cannot be made stays open',
  { work: left, head: 'outdated', open: OPEN },
  { do: 'leave', ...stays },
);
test(
  decides,
  "a person's commit on it counts more",
  { work: left, head: 'foreign', open: OPEN },
  { do: 'stop' },
);
test(
  decides,
  'what was asked for and is no longer open is not left',
  { work: left, head: 'outdated' },
  { do: 'nothing' },
);

test(decides, 'what is due and has no branch is built', {}, { do: 'build' });
test(
  decides,
  'a branch without a pull request that is still right gets one, without new keys',
  { head: 'current' },
  { do: 'open' },
);
test(
  decides,
  'a branch without a pull request that is no longer right is built anew',
  { head: 'outdated' },
  { do: 'build' },
);
test(
  decides,
  'an open one that holds a valid renewal of the same set stays as it is',
  { head: 'current', open: OPEN },
  { do: 'nothing' },
);
test(
  decides,
  'an open one that is no longer right is built anew',
  { head: 'outdated', open: OPEN },
  { do: 'build' },
);
test(
  decides,
  'an open one whose labels do not say what it says is described anew',
  { head: 'current', open: { ...OPEN, isLabelled: false } },
  { do: 'describe' },
);
test(decides, 'one more than may be open waits', { hasRoom: false }, { do: 'defer' });
test(
  decides,
  'one more than may be open waits until 14 days before its deadline, no longer',
  { work: work({ deadline: inDays(14) }), hasRoom: false },
  { do: 'build' },
);
test(
  decides,
  'one more than may be open waits while more than 14 days are left',
  { work: work({ deadline: new Date(inDays(14).getTime() + 1) }), hasRoom: false },
  { do: 'defer' },
);
test(
  decides,
  'where no more may be open, those that are open are still made anew',
  { head: 'outdated', open: OPEN, hasRoom: false },
  { do: 'build' },
);
test(decides, 'an open one whose branch is gone is built anew', { open: OPEN }, { do: 'build' });
test(
  decides,
  'an open one that says another urgency is described anew',
  { head: 'current', open: { ...OPEN, urgency: 'urgent' } },
  { do: 'describe' },
);
test(
  decides,
  'an open one that says another set is described anew',
  { head: 'current', open: { ...OPEN, set: null } },
  { do: 'describe' },
);
test(
  decides,
  'an open one of which nothing is due any more is closed',
  { work: nothing, head: 'outdated', open: OPEN },
  { do: 'close' },
);
test(
  decides,
  'where nothing is due and nothing is open, nothing happens',
  { work: nothing },
  { do: 'nothing' },
);
test(
  decides,
  "a person's commit stops an open one",
  { head: 'foreign', open: OPEN },
  { do: 'stop' },
);
test(
  decides,
  "a person's branch that nobody is asked to merge is left to them: another one carries what is due",
  { head: 'foreign' },
  { do: 'sidestep' },
);
test(
  decides,
  "a closed one with a person's commit waits as others do",
  { head: 'foreign', closed: closed(1) },
  { do: 'wait', until: inDays(44) },
);
test(
  decides,
  "a closed one with a person's commit comes back on another branch",
  { head: 'foreign', closed: closed(45) },
  { do: 'sidestep' },
);
test(
  decides,
  "a person's commit keeps a stale one from being closed",
  { work: nothing, head: 'foreign', open: OPEN },
  { do: 'stop' },
);
test(
  decides,
  "a person's branch where nothing is due is nobody's business",
  { work: nothing, head: 'foreign' },
  { do: 'nothing' },
);
test(
  decides,
  'a closed one waits for half of renewBefore',
  { head: 'current', closed: closed(1) },
  { do: 'wait', until: inDays(44) },
);
test(
  decides,
  'a closed one comes back after half of renewBefore',
  { head: 'current', closed: closed(45) },
  { do: 'open' },
);
test(
  decides,
  'a closed one of another set waits for nothing',
  { closed: closed(1, '0'.repeat(64)) },
  { do: 'build' },
);
test(
  decides,
  'a closed one whose mark was taken out waits for nothing',
  { closed: closed(1, null) },
  { do: 'build' },
);
test(
  decides,
  'a closed one comes back 14 days before the deadline, whatever its time of closing',
  { work: work({ deadline: inDays(14) }), closed: closed(0) },
  { do: 'build' },
);
test(
  decides,
  'a closed one without a deadline comes back after 15 days',
  { work: work({ deadline: null, renewBefore: null }), closed: closed(14) },
  { do: 'wait', until: inDays(1) },
);

const isUrgent = test.macro({
  title: (_, left: number, whole: number, expected: Urgency) =>
    `urgencyOf: ${left} days of ${whole} left is ${expected}`,
  exec(t, left: number, whole: number, expected: Urgency) {
    t.is(urgencyOf(work({ deadline: inDays(left), renewBefore: whole * DAY }), NOW), expected);
  },
});
test(isUrgent, 90, 90, 'routine');
test(isUrgent, 45.001, 90, 'routine');
test(isUrgent, 45, 90, 'soon');
test(isUrgent, 22.5, 90, 'urgent');
test(isUrgent, 0, 90, 'expired');
test(isUrgent, -1, 90, 'expired');
test(isUrgent, 14, 20, 'soon');
test(isUrgent, 9, 10, 'routine');
test(isUrgent, 5, 10, 'soon');

test('inOrder: those that are open first, each by deadline', (t) => {
  const works = ['a', 'b', 'c', 'd'].map((name, index) =>
    work({ name, deadline: inDays(9 - index) }),
  );
  const order = inOrder(works, ({ name }) => name === 'a' || name === 'b');
  t.is(order.map(({ name }) => name).join(''), 'badc');
});

test('byDeadline: the soonest first, those without last, by name where they are equal', (t) => {
  const works = [
    work({ name: 'd', deadline: null }),
    work({ name: 'c', deadline: inDays(2) }),
    work({ name: 'b', deadline: inDays(1) }),
    work({ name: 'a', deadline: inDays(2) }),
  ];
  t.deepEqual(
    works.toSorted(byDeadline).map(({ name }) => name),
    ['b', 'a', 'c', 'd'],
  );
});

test('setDigest: the order of a set does not change it, its members do', (t) => {
  t.is(setDigest(['a', 'b']), setDigest(['b', 'a']));
  t.not(setDigest(['a', 'b']), setDigest(['a']));
  t.not(setDigest(['a,b']), setDigest(['a', 'b']));
});

const days = fc.integer({ min: -400, max: 400 });
const works = fc.record({
  left: days,
  whole: fc.integer({ min: 1, max: 400 }),
  closedFor: fc.integer({ min: 0, max: 400 }),
});

test('property: a closed one never waits into the last 14 days, and waits no longer than half of renewBefore', (t) => {
  fc.assert(
    fc.property(works, ({ left, whole, closedFor }) => {
      const own = work({ deadline: inDays(left), renewBefore: whole * DAY });
      const shut = { set: DIGEST, urgency: null, closedAt: inDays(-closedFor) };
      const until = comesBack(own, shut);
      t.true(until.getTime() <= inDays(left - 14).getTime());
      t.true(until.getTime() <= shut.closedAt.getTime() + (whole * DAY) / 2);
      const decision = decide(situation({ work: own, closed: shut }), NOW);
      t.is(decision.do, NOW < until ? 'wait' : 'build');
    }),
  );
});

test('property: urgency only ever rises', (t) => {
  const order: readonly string[] = ['routine', 'soon', 'urgent', 'expired'];
  fc.assert(
    fc.property(works, fc.nat(400), ({ left, whole }, later) => {
      const own = work({ deadline: inDays(left), renewBefore: whole * DAY });
      const [now, then] = [urgencyOf(own, NOW), urgencyOf(own, inDays(later))];
      t.true(order.indexOf(now) <= order.indexOf(then));
    }),
  );
});

test('property: what is due is never forgotten: with the branch left to us, some day leads to an open one', (t) => {
  fc.assert(
    fc.property(
      works,
      fc.constantFrom('current', 'outdated', null),
      ({ left, whole, closedFor }, head) => {
        const own = work({ deadline: inDays(left), renewBefore: whole * DAY });
        const shut = { set: DIGEST, urgency: null, closedAt: inDays(-closedFor) } as const;
        const last = new Date(Math.max(NOW.getTime(), inDays(left - 14).getTime()));
        const decision = decide(situation({ work: own, head, closed: shut }), last);
        t.true(decision.do === 'build' || decision.do === 'open');
      },
    ),
  );
});

test(
  decides,
  'one that was closed yesterday waits, and is built at once where somebody asks for it',
  { closed: closed(1), work: work({ isAsked: true }) },
  { do: 'build' },
);
