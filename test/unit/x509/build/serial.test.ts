import test from 'ava';
import { serialNumber } from '../../../../src/x509/build/serial.ts';
import { readCertificate } from '../../../../src/x509/read/certificate.ts';
import { parseCertificate } from '../../../_helpers/check-certificate.ts';
import { leaf } from '../fixtures.ts';

const filled = (value: number) => (size: number) => new Uint8Array(size).fill(value);

test('serialNumber: 16 octets, positive and never shortened, whatever the randomness', (t) => {
  for (const value of [0x00, 0x7f, 0x80, 0xff]) {
    const octets = serialNumber(filled(value));
    t.is(octets.length, 16);
    t.true((octets[0] ?? 0) >= 0x40 && (octets[0] ?? 0) < 0x80);
    t.deepEqual([...octets.subarray(1)], new Array(15).fill(value));
  }
});

test('serialNumber: stands in the certificate octet by octet', async (t) => {
  for (const length of [16, 20]) {
    const octets = Uint8Array.from({ length }, (_, index) => index + 1);
    const pem = await leaf({ serialNumber: octets });
    t.deepEqual(parseCertificate(pem).serialNumber, Buffer.from(octets));
    t.is(readCertificate(pem).serialNumber, Buffer.from(octets).toString('hex').toUpperCase());
  }
});

for (const [what, octets] of [
  ['zero', new Uint8Array(16)],
  ['a leading zero octet', Uint8Array.of(0, ...new Array<number>(15).fill(0xff))],
  ['a negative number', new Uint8Array(16).fill(0x80)],
  ['15 octets', new Uint8Array(15).fill(1)],
  ['21 octets', new Uint8Array(21).fill(1)],
  ['none', new Uint8Array(0)],
] as const) {
  test(`serialNumber: refuses ${what}`, async (t) => {
    await t.throwsAsync(leaf({ serialNumber: octets }), {
      code: 'ERR_ISSUE',
      message: 'serial number is not positive with 16 to 20 octets',
    });
  });
}
