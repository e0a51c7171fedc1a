import test from 'ava';
import { opening, windowProblem } from '../../../src/catalog/renewal-window.ts';
import { CHAINS } from '../../../src/plan/checks.ts';
import { plan } from '../../../src/plan/plan.ts';
import { isDue, isProposed, renewAt } from '../../../src/plan/renewal.ts';
import {
  after,
  authority,
  certificateOf,
  cluster,
  DAY,
  leaf,
  NOW,
  observedCluster,
  observedLeaf,
  unit,
} from '../../_helpers/desired.ts';

const SATURDAYS = { cron: '0 22 * * 6', duration: 4 * 3600, timeZone: 'Europe/Berlin' };
const WEB = leaf('prod/web', { jitter: 0, renewalWindows: [SATURDAYS] });
/** Due on a Monday; 90 days before its end. */
const LIFE = { issuedAt: NOW, notAfter: new Date('2027-05-30T08:00:00Z') };

test('windowProblem: fields, days that never come, time zones and durations', (t) => {
  const of = (over: Partial<typeof SATURDAYS>): string =>
    windowProblem({ ...SATURDAYS, ...over }) ?? '';
  t.is(of({}), '');
  t.regex(of({ cron: '0 22 * *' }), /is not five fields/);
  t.regex(of({ cron: '@daily' }), /is not five fields/);
  t.regex(of({ cron: '99 22 * * *' }), /Invalid value for minute: 99/);
  t.regex(of({ cron: '0 0 30 2 *' }), /names no day that there is/);
  t.regex(of({ timeZone: 'Mars/Base' }), /"Mars\/Base" is not an IANA time zone/);
  t.regex(of({ duration: 0 }), /windowDuration is not a span of a minute or more/);
});

test('opening: at once while open, else at the next start, in local time on both sides of summer time', (t) => {
  const opens = (from: string): string => opening([SATURDAYS], new Date(from))?.toISOString() ?? '';
  t.is(opens('2027-03-27T20:59:59Z'), '2027-03-27T21:00:00.000Z');
  t.is(opens('2027-03-28T00:59:59Z'), '2027-03-28T00:59:59.000Z');
  t.is(opens('2027-03-28T01:00:00Z'), '2027-04-03T20:00:00.000Z');
  t.is(opening([], NOW), undefined);
});

test('isDue: waits for a window each time; isProposed: for the first one; neither beyond half of renewBefore', (t) => {
  const due = (now: string): boolean => isDue(WEB.path, WEB, LIFE, new Date(now));
  const proposed = (now: string): boolean => isProposed(WEB.path, WEB, LIFE, new Date(now));
  t.is(renewAt(WEB.path, WEB, LIFE).toISOString(), '2027-03-06T21:00:00.000Z');
  t.deepEqual(['2027-03-02T00:00:00Z', '2027-03-06T21:00:00Z', '2027-03-08T00:00:00Z'].map(due), [
    false,
    true,
    false,
  ]);
  t.true(proposed('2027-03-08T00:00:00Z'));
  t.false(proposed('2027-03-02T00:00:00Z'));
  t.true(due('2027-04-12T00:00:00Z')); // the next would leave less than 45 days
});

test('plan: a node’s certificates that are due soon go along with one that is due; others do not', (t) => {
  const [due, soon, later] = ['due', 'soon', 'later'].map((name) => leaf(`prod/cp-1/${name}`));
  const other = leaf('prod/cp-2/soon');
  const days = new Map([
    [due, 80],
    [soon, 99],
    [later, 120],
    [other, 99],
  ]);
  const leaves = [...days.keys()].filter((item) => item !== undefined);
  const desired = cluster('prod', { authorities: [authority('prod/ca')], leaves });
  const observed = leaves.map((item) =>
    observedLeaf(item, {
      issuedAt: after(NOW, -300 * DAY),
      certificate: certificateOf(item, { notAfter: after(NOW, (days.get(item) ?? 0) * DAY) }),
    }),
  );
  const { issue } = plan(
    unit(desired),
    {
      clusters: new Map([['prod', observedCluster(desired, { leaves: observed })]]),
      foreignKeysets: new Map(),
      foreignMade: new Set(),
      replaced: new Set(),
      leaving: new Map(),
      signingLives: new Map(),
      exposed: [],
    },
    { chain: CHAINS.renew, removedRecipients: [], now: NOW },
  );
  t.deepEqual(
    issue.map((item) => item.desired.path as string),
    ['prod/cp-1/due', 'prod/cp-1/soon'],
  );
  t.regex(issue[1]?.verdict.message ?? '', /goes along with "due" of its node$/);
});
