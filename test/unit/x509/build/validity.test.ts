import test from 'ava';
import { readCertificate } from '../../../../src/x509/read/certificate.ts';
import { parseCertificate } from '../../../_helpers/check-certificate.ts';
import { leaf, NOT_AFTER, NOT_BEFORE, rootCa } from '../fixtures.ts';

const at = (text: string): Date => new Date(text);

async function timeTypes(notBefore: string, notAfter: string): Promise<readonly string[]> {
  const ca = await rootCa('ECDSA-P256', { notBefore: at(notBefore), notAfter: at(notAfter) });
  t0(ca.certificate.notBefore, at(notBefore));
  t0(ca.certificate.notAfter, at(notAfter));
  return parseCertificate(ca.certificate.pem).timeTypes;
}

function t0(actual: Date, wanted: Date): void {
  if (actual.getTime() !== wanted.getTime()) throw new RangeError(actual.toISOString());
}

test('validity: UTCTime through 2049, GeneralizedTime from 2050', async (t) => {
  t.deepEqual(await timeTypes('1950-01-01T00:00:00Z', '2049-12-31T23:59:59Z'), [
    'UTCTime',
    'UTCTime',
  ]);
  t.deepEqual(await timeTypes('2049-12-31T23:59:59Z', '2050-01-01T00:00:00Z'), [
    'UTCTime',
    'GeneralizedTime',
  ]);
  t.deepEqual(await timeTypes('2050-01-01T00:00:00Z', '9999-12-31T23:59:59Z'), [
    'GeneralizedTime',
    'GeneralizedTime',
  ]);
});

test('validity: parts of seconds are cut off', async (t) => {
  const pem = await leaf({
    notBefore: at('2025-06-01T00:00:00.999Z'),
    notAfter: at('2025-07-01T00:00:00.001Z'),
  });
  const { notBefore, notAfter } = readCertificate(pem);
  t.deepEqual(notBefore, at('2025-06-01T00:00:00Z'));
  t.deepEqual(notAfter, at('2025-07-01T00:00:00Z'));
});

test("validity: may be all of the issuer's", async (t) => {
  const { notAfter } = readCertificate(await leaf({ notBefore: NOT_BEFORE, notAfter: NOT_AFTER }));
  t.deepEqual(notAfter, NOT_AFTER);
});

test("validity: refuses notBefore a second before the issuer's", async (t) => {
  await t.throwsAsync(leaf({ notBefore: at('2024-12-31T23:59:59Z') }), {
    code: 'ERR_ISSUE',
    message: "notBefore 2024-12-31T23:59:59.000Z is before the issuer's",
  });
});

test("validity: refuses notAfter a second after the issuer's", async (t) => {
  await t.throwsAsync(leaf({ notAfter: at('2035-01-01T00:00:01Z') }), {
    code: 'ERR_ISSUE',
    message: "notAfter 2035-01-01T00:00:01.000Z is after the issuer's",
  });
});

test('validity: refuses notAfter that is not after notBefore', async (t) => {
  for (const notAfter of [at('2026-01-01T00:00:00Z'), at('2026-01-01T00:00:00.999Z')]) {
    await t.throwsAsync(leaf({ notBefore: at('2026-01-01T00:00:00Z'), notAfter }), {
      code: 'ERR_ISSUE',
      message: 'notAfter 2026-01-01T00:00:00.000Z is not after notBefore',
    });
  }
});

for (const text of ['1949-12-31T23:59:59Z', '+010000-01-01T00:00:00Z', 'never']) {
  test(`validity: refuses ${text}`, async (t) => {
    const problem = 'is not a time from 1950 to 9999, which is all a certificate can say';
    const message = (field: string): string => `${field} ${problem}`;
    const code = 'ERR_ISSUE';
    await t.throwsAsync(rootCa('ECDSA-P256', { notBefore: at(text) }), {
      code,
      message: message('notBefore'),
    });
    await t.throwsAsync(rootCa('ECDSA-P256', { notAfter: at(text) }), {
      code,
      message: message('notAfter'),
    });
  });
}
