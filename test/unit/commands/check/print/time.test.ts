import test from 'ava';
import {
  formatDay,
  formatResidual,
  formatTime,
} from '../../../../../src/commands/check/print/time.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** Seconds and what Go's `duration.HumanDuration` prints, from its own table test and on both sides of each limit. */
const RESIDUALS: readonly (readonly [number, string])[] = [
  [-2, '<invalid>'],
  [-1, '0s'],
  [0, '0s'],
  [119, '119s'],
  [2 * MINUTE, '2m'],
  [2 * MINUTE + 1, '2m1s'],
  [10 * MINUTE - 1, '9m59s'],
  [10 * MINUTE, '10m'],
  [10 * MINUTE + 59, '10m'],
  [3 * HOUR - 1, '179m'],
  [3 * HOUR, '3h'],
  [3 * HOUR + MINUTE, '3h1m'],
  [8 * HOUR - 1, '7h59m'],
  [8 * HOUR, '8h'],
  [2 * DAY - 1, '47h'],
  [2 * DAY, '2d'],
  [2 * DAY + HOUR, '2d1h'],
  [8 * DAY - 1, '7d23h'],
  [8 * DAY, '8d'],
  [YEAR - 1, '364d'],
  [2 * YEAR - 1, '729d'],
  [2 * YEAR, '2y'],
  [2 * YEAR + DAY, '2y1d'],
  [8 * YEAR - 1, '7y364d'],
  [8 * YEAR, '8y'],
  [10 * YEAR - 1, '9y'],
];

for (const [seconds, text] of RESIDUALS) {
  test(`formatResidual: ${seconds} seconds are ${text}`, (t) => {
    t.is(formatResidual(seconds), text);
  });
}

test('formatTime: two digits, UTC, rounded down to the minute, as kubeadm prints it', (t) => {
  t.is(formatTime(new Date('2027-01-02T03:04:59Z')), 'Jan 02, 2027 03:04 UTC');
  t.is(formatTime(new Date('2036-12-31T23:59:00Z')), 'Dec 31, 2036 23:59 UTC');
  t.is(formatDay(new Date('2027-01-02T03:04:59Z')), 'Jan 02, 2027');
});
