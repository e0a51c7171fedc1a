import test from 'ava';
import fc from 'fast-check';
import { PkiError } from '../../../src/errors.ts';
import { validityOf } from '../../../src/issue/dates.ts';
import type { CertificateInfo } from '../../../src/model/x509.ts';
import { after, authority, certificateOf, DAY, NOW } from '../../_helpers/desired.ts';

const WANTED = { path: 'prod/web', validity: 365 * DAY, renewBefore: 90 * DAY, jitter: 7 * DAY };
const CA = authority('prod/ca');
const issuer = (over: Partial<CertificateInfo> = {}): CertificateInfo => certificateOf(CA, over);

test('validityOf: backdated by five minutes, ends after the whole validity', (t) => {
  for (const of of [null, issuer()])
    t.deepEqual(validityOf(WANTED, of, NOW), {
      notBefore: after(NOW, -300),
      notAfter: after(NOW, 365 * DAY),
    });
});

test('validityOf: whole seconds, as certificates have them', (t) => {
  const { notBefore, notAfter } = validityOf(WANTED, null, new Date(NOW.getTime() + 999));
  t.deepEqual([notBefore, notAfter], [after(NOW, -300), after(NOW, 365 * DAY)]);
});

test('validityOf: notAfter is clamped to the issuer’s', (t) => {
  const notAfter = after(NOW, 200 * DAY);
  t.deepEqual(validityOf(WANTED, issuer({ notAfter }), NOW).notAfter, notAfter);
  t.deepEqual(
    validityOf(WANTED, issuer({ notAfter: after(NOW, 365 * DAY) }), NOW).notAfter,
    after(NOW, 365 * DAY),
  );
});

test('validityOf: with a floor of its own, an issuer with little life left gives what it has, and one that has ended nothing', (t) => {
  const notAfter = after(NOW, 3600);
  t.deepEqual(validityOf(WANTED, issuer({ notAfter }), NOW, 1).notAfter, notAfter);
  t.throws(() => validityOf(WANTED, issuer({ notAfter }), NOW), { code: 'ERR_ISSUE' });
  t.throws(() => validityOf(WANTED, issuer({ notAfter: NOW }), NOW, 1), { code: 'ERR_ISSUE' });
});

test('validityOf: notBefore is clamped to the issuer’s', (t) => {
  const notBefore = after(NOW, -60);
  t.deepEqual(validityOf(WANTED, issuer({ notBefore }), NOW).notBefore, notBefore);
});

test('validityOf: an issuer that begins at this very second issues', (t) => {
  t.deepEqual(validityOf(WANTED, issuer({ notBefore: NOW }), NOW).notBefore, NOW);
});

test('validityOf: an issuer that is not valid yet is ERR_ISSUE', (t) => {
  const notBefore = after(NOW, 1);
  const error = t.throws<PkiError>(() => validityOf(WANTED, issuer({ notBefore }), NOW), {
    instanceOf: PkiError,
  });
  t.deepEqual(
    { code: error.code, message: error.message },
    {
      code: 'ERR_ISSUE',
      message: `the issuer of "prod/web" is not valid before ${notBefore.toISOString()}`,
    },
  );
  t.true(error.hints[0]?.includes('--now'));
});

test('validityOf: an issuer needs renewBefore, jitter and a day left, to the second', (t) => {
  const floor = (90 + 7 + 1) * DAY;
  t.deepEqual(
    validityOf(WANTED, issuer({ notAfter: after(NOW, floor) }), NOW).notAfter,
    after(NOW, floor),
  );
  const notAfter = after(NOW, floor - 1);
  const error = t.throws<PkiError>(() => validityOf(WANTED, issuer({ notAfter }), NOW), {
    instanceOf: PkiError,
  });
  t.deepEqual(
    { code: error.code, message: error.message },
    {
      code: 'ERR_ISSUE',
      message: `the issuer of "prod/web" ends on ${notAfter.toISOString()}, before the certificate could be renewed`,
    },
  );
});

test('validityOf: an expired issuer is ERR_ISSUE', (t) => {
  const work = (): unknown => validityOf(WANTED, issuer({ notAfter: after(NOW, -1) }), NOW);
  t.is(t.throws<PkiError>(work, { instanceOf: PkiError }).code, 'ERR_ISSUE');
});

test('property: what is issued lies within its issuer’s dates, and is not due at once', (t) => {
  fc.assert(
    fc.property(
      fc.record({
        validity: fc.integer({ min: DAY, max: 4000 * DAY }),
        renewBefore: fc.integer({ min: 0, max: 400 * DAY }),
        jitter: fc.integer({ min: 0, max: 30 * DAY }),
      }),
      fc.integer({ min: -4000 * DAY, max: DAY }),
      fc.integer({ min: -DAY, max: 4000 * DAY }),
      (spans, start, end) => {
        const of = issuer({ notBefore: after(NOW, start), notAfter: after(NOW, end) });
        let dates: ReturnType<typeof validityOf>;
        try {
          dates = validityOf({ path: 'prod/web', ...spans }, of, NOW);
        } catch (error) {
          return error instanceof PkiError && error.code === 'ERR_ISSUE';
        }
        const isClamped = dates.notAfter.getTime() === of.notAfter.getTime();
        const due = after(dates.notAfter, -spans.renewBefore - spans.jitter);
        return (
          dates.notBefore >= of.notBefore &&
          dates.notAfter <= of.notAfter &&
          dates.notAfter > NOW &&
          (!isClamped || due > NOW)
        );
      },
    ),
  );
  t.pass();
});
