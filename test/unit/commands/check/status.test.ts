import test from 'ava';
import { isFinding, residualSeconds, statusOf } from '../../../../src/commands/check/status.ts';
import { at, NOW, row } from './rows.ts';

const dates = { from: at(-10), to: at(10) };

test('statusOf: ok before renewAt, due at exactly renewAt and ever after', (t) => {
  t.is(statusOf(row({ renewAt: at(0, 1) }, dates), NOW), 'ok');
  t.is(statusOf(row({ renewAt: at(0) }, dates), NOW), 'due');
  t.is(statusOf(row({ renewAt: at(-5) }, dates), NOW), 'due');
});

test('statusOf: good at exactly notAfter, expired from then on, also where it was due', (t) => {
  t.is(statusOf(row({ renewAt: null }, { to: NOW }), NOW), 'ok');
  t.is(statusOf(row({ renewAt: null }, { to: at(0, -1) }), NOW), 'expired');
  t.is(statusOf(row({ renewAt: at(-5) }, { to: at(0, -1) }), NOW), 'expired');
});

test('statusOf: not yet valid before notBefore, valid at it', (t) => {
  t.is(statusOf(row({ renewAt: at(-1) }, { from: at(0, 1) }), NOW), 'not-yet-valid');
  t.is(statusOf(row({}, { from: NOW }), NOW), 'ok');
});

test('statusOf: what nothing renews is never due', (t) => {
  t.is(statusOf(row({ renewAt: null }, dates), NOW), 'ok');
});

test('statusOf: what is missing is missing, and no finding', (t) => {
  const status = statusOf(row({ certificate: null }), NOW);
  t.is(status, 'missing');
  t.false(isFinding(status));
});

test('isFinding: due, expired and not yet valid are, ok is not', (t) => {
  t.deepEqual((['due', 'expired', 'not-yet-valid', 'ok'] as const).map(isFinding), [
    true,
    true,
    true,
    false,
  ]);
});

test('residualSeconds: whole seconds, rounded down on either side of zero', (t) => {
  t.is(residualSeconds(new Date(NOW.getTime() + 1999), NOW), 1);
  t.is(residualSeconds(NOW, NOW), 0);
  t.is(residualSeconds(new Date(NOW.getTime() - 1), NOW), -1);
});
