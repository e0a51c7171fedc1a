import test from 'ava';
import fc from 'fast-check';
import { jitterOf } from '../../../src/plan/jitter.ts';
import { renewAt, rotateAt } from '../../../src/plan/renewal.ts';
import { credentialPath } from '../../../src/model/names.ts';
import { after, DAY, NOW } from '../../_helpers/desired.ts';

test('jitterOf: fixed for all time, or every pull request would move every date', (t) => {
  t.deepEqual(
    [
      jitterOf('prod', 'cp-1', 7 * DAY),
      jitterOf('prod', 'cp-2', 7 * DAY),
      jitterOf('edge', 'cp-1', 7 * DAY),
    ],
    [179_681, 557_824, 282_579],
  );
});

test('jitterOf: cluster and node do not run into one another', (t) => {
  t.not(jitterOf('ab', 'c', 7 * DAY), jitterOf('a', 'bc', 7 * DAY));
});

test('jitterOf: whole seconds within the window, for any names', (t) => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.integer({ min: 1, max: 400 * DAY }),
      (a, b, window) => {
        const jitter = jitterOf(a, b, window);
        return Number.isInteger(jitter) && jitter >= 0 && jitter < window;
      },
    ),
  );
  t.is(jitterOf('prod', 'cp-1', 1), 0);
});

test('jitterOf: no window, no jitter', (t) => {
  t.is(jitterOf('prod', 'cp-1', 0), 0);
});

test('jitterOf: spreads nodes over the window', (t) => {
  const nodes = Array.from({ length: 700 }, (_, index) => `node-${index}`);
  const days = new Map<number, number>();
  for (const node of nodes) {
    const day = Math.floor(jitterOf('prod', node, 7 * DAY) / DAY);
    days.set(day, (days.get(day) ?? 0) + 1);
  }
  t.deepEqual([...days.keys()].sort(), [0, 1, 2, 3, 4, 5, 6]);
  for (const count of days.values()) t.true(count > 60 && count < 140, `${count} on a day`);
});

const LIFE = { issuedAt: after(NOW, -365 * DAY), notAfter: NOW };

test('renewAt: a node’s certificates go together, other nodes at other times', (t) => {
  const policy = { renewBefore: 90 * DAY, jitter: 7 * DAY };
  const due = (node: string | null, name: string): number =>
    renewAt(credentialPath('prod', node, name), policy, LIFE).getTime();
  t.is(due('cp-1', 'apiserver'), due('cp-1', 'etcd-peer'));
  t.not(due('cp-1', 'apiserver'), due('cp-2', 'apiserver'));
});

test('renewAt: without a node, each by its own name', (t) => {
  const policy = { renewBefore: 90 * DAY, jitter: 7 * DAY };
  const due = (name: string): number =>
    renewAt(credentialPath('prod', null, name), policy, LIFE).getTime();
  t.not(due('web'), due('webhook'));
  t.is(due('web'), after(NOW, -90 * DAY - jitterOf('prod', 'web', 7 * DAY)).getTime());
});

test('rotateAt: notAfter minus the longest leaf, three soaks and thirty days', (t) => {
  t.deepEqual(rotateAt(NOW, 365 * DAY, DAY), after(NOW, -(365 + 3 + 30) * DAY));
});
