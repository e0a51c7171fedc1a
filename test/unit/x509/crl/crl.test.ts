import test from 'ava';
import { REVOCATION_REASONS, type CrlSpec } from '../../../../src/model/x509.ts';
import { buildCrl } from '../../../../src/x509/build/crl/crl.ts';
import type { Issuer } from '../../../../src/x509/build/issuer.ts';
import { isCrlOf, readCrl } from '../../../../src/x509/read/crl/crl.ts';
import { der, encode } from '../../../../src/x509/build/der.ts';
import { extension } from '../../../../src/x509/build/extensions.ts';
import { derContents } from '../../../../src/x509/read/der.ts';
import { decodeBlocks, formatPem } from '../../../../src/x509/read/pem.ts';
import { ALGORITHMS, rootCa } from '../fixtures.ts';

const revoked = [
  ...Object.keys(REVOCATION_REASONS).map((reason, index) => ({
    serialNumber: `4${index}`.repeat(16),
    revokedAt: new Date('2025-06-01T00:00:00Z'),
    reason: reason as keyof typeof REVOCATION_REASONS,
  })),
  // an adopted certificate's: of twenty octets with the top bit set, and short
  {
    serialNumber: 'FF'.repeat(20),
    revokedAt: new Date('2051-01-01T00:00:00Z'),
    reason: 'superseded',
  },
  { serialNumber: '01', revokedAt: new Date('2025-06-01T00:00:01Z'), reason: 'unspecified' },
] satisfies CrlSpec['revoked'];

const spec: CrlSpec = {
  number: 300,
  thisUpdate: new Date('2025-06-02T00:00:00Z'),
  nextUpdate: new Date('2051-06-02T00:00:00Z'),
  revoked,
};

for (const algorithm of ALGORITHMS) {
  test(`buildCrl: signed by ${algorithm}, is read as it was said`, async (t) => {
    const ca = await rootCa(algorithm);
    const crl = readCrl(buildCrl(spec, ca));
    const { number, thisUpdate, nextUpdate } = crl;
    t.deepEqual({ number, thisUpdate, nextUpdate, revoked: crl.revoked }, spec);
    t.true(isCrlOf(crl, ca.certificate));
    const other = await rootCa(algorithm === 'Ed25519' ? 'ECDSA-P256' : 'Ed25519');
    t.false(isCrlOf(crl, other.certificate), 'another key');
  });
}

test('isCrlOf: false for a CA of another name, and where one bit of the list is another', async (t) => {
  const pem = buildCrl(spec, await rootCa());
  const named = await rootCa('ECDSA-P256', { subject: { commonName: 'other' } });
  t.false(isCrlOf(readCrl(pem), named.certificate));
  const [octets = Buffer.alloc(0)] = decodeBlocks(pem, 'X509 CRL');
  const at = octets.indexOf(Buffer.from('40'.repeat(16), 'hex'));
  octets[at] = 0x41;
  const edited = readCrl(formatPem('X509 CRL', octets));
  t.is(edited.revoked[0]?.serialNumber, `41${'40'.repeat(15)}`);
  t.false(isCrlOf(edited, (await rootCa()).certificate));
});

test('buildCrl: without entries there is no list of them (RFC 5280 §5.1.2.6)', async (t) => {
  const pem = buildCrl({ ...spec, revoked: [] }, await rootCa());
  const [octets = Buffer.alloc(0)] = decodeBlocks(pem, 'X509 CRL');
  const [toBeSigned] = derContents(octets);
  t.is(derContents(toBeSigned?.der ?? Buffer.alloc(0)).length, 6);
  t.deepEqual(readCrl(pem).revoked, []);
});

const refused = test.macro({
  title: (_, what: string) => `buildCrl: refuses ${what}`,
  async exec(t, _what: string, change: Partial<CrlSpec>, message: string) {
    const ca = await rootCa();
    t.throws(() => buildCrl({ ...spec, ...change }, ca), { code: 'ERR_ISSUE', message });
  },
});
const one = (serialNumber: string): Partial<CrlSpec> => ({
  revoked: [{ serialNumber, revokedAt: spec.thisUpdate, reason: 'unspecified' }],
});
test(refused, 'number zero', { number: 0 }, 'CRL number 0 is not a positive integer');
test(
  refused,
  'to end when it begins',
  { nextUpdate: new Date(spec.thisUpdate.getTime() + 999) },
  'nextUpdate of the CRL is not after thisUpdate',
);
test(
  refused,
  'a serial number twice',
  { revoked: [...revoked, ...revoked.slice(0, 1)] },
  'the CRL has a serial number twice',
);
for (const serial of ['', 'XY', 'abcd', '0001', '11'.repeat(21)]) {
  test(
    refused,
    `the serial number "${serial}"`,
    one(serial),
    `"${serial}" is no serial number of a certificate`,
  );
}

/** The CA with the key usage of kubeadm's: keyEncipherment, and no cRLSign. */
async function kubeadmCa(): Promise<Issuer> {
  const ca = await rootCa();
  const [octets = Buffer.alloc(0)] = decodeBlocks(ca.certificate.pem, 'CERTIFICATE');
  const at = octets.indexOf(Buffer.from('03020186', 'hex'));
  Buffer.from('030202a4', 'hex').copy(octets, at);
  return { ...ca, certificate: { ...ca.certificate, pem: formatPem('CERTIFICATE', octets) } };
}

test('buildCrl: refuses a CA whose key usage lacks cRLSign, as that of kubeadm does', async (t) => {
  const ca = await kubeadmCa();
  t.throws(() => buildCrl(spec, ca), {
    code: 'ERR_ISSUE',
    message: 'the key usage of the CA does not allow it to sign CRLs',
  });
});

test('isCrlOf: false for a CA whose key usage lacks cRLSign', async (t) => {
  const crl = readCrl(buildCrl(spec, await rootCa()));
  t.false(isCrlOf(crl, (await kubeadmCa()).certificate));
});

const MALFORMED = {
  code: 'ERR_CRL',
  message: 'CRL is not one that this program writes (RFC 5280 §5)',
} as const;

test('readCrl: refuses every list of which a byte is missing, and what follows it', async (t) => {
  const [octets = Buffer.alloc(0)] = decodeBlocks(buildCrl(spec, await rootCa()), 'X509 CRL');
  for (let length = 0; length < octets.length; length++) {
    const cut = formatPem('X509 CRL', octets.subarray(0, length));
    t.throws(() => readCrl(cut), MALFORMED, String(length));
  }
  t.throws(() => readCrl(formatPem('X509 CRL', Buffer.concat([octets, octets]))), MALFORMED);
  t.throws(() => readCrl(formatPem('CERTIFICATE', octets)), MALFORMED);
});

test('readCrl: refuses an extension that it does not know, of the list and of an entry', async (t) => {
  const [octets = Buffer.alloc(0)] = decodeBlocks(buildCrl(spec, await rootCa()), 'X509 CRL');
  const [toBeSigned, ...signature] = derContents(octets);
  const parts = derContents(toBeSigned?.der ?? Buffer.alloc(0)).map((part) => part.der);
  const joined = (...members: readonly Buffer[]): Buffer =>
    encode(der.rawSequence(Buffer.concat(members)));
  const withParts = (...changed: readonly Buffer[]): string =>
    formatPem('X509 CRL', joined(joined(...changed), ...signature.map((part) => part.der)));
  t.deepEqual(readCrl(withParts(...parts)).revoked, revoked);
  const unknown = encode(extension('basicConstraints', false, der.sequence()));
  const [list] = derContents(parts[6] ?? Buffer.alloc(0));
  const extended = der.explicit(
    0,
    der.rawSequence(Buffer.concat([list?.contents ?? octets, unknown])),
  );
  t.throws(() => readCrl(withParts(...parts.slice(0, 6), encode(extended))), MALFORMED);
  const [, entry] = derContents(parts[5] ?? Buffer.alloc(0));
  const [serial, date, reason] = derContents(entry?.der ?? Buffer.alloc(0));
  const odd = joined(
    serial?.der ?? octets,
    date?.der ?? octets,
    joined(reason?.contents ?? octets, unknown),
  );
  const entries = joined(odd);
  t.throws(() => readCrl(withParts(...parts.slice(0, 5), entries, ...parts.slice(6))), MALFORMED);
});

const edited = test.macro({
  title: (_, what: string) => `readCrl: refuses ${what}`,
  async exec(t, _what: string, from: string, to: string) {
    const [octets = Buffer.alloc(0)] = decodeBlocks(buildCrl(spec, await rootCa()), 'X509 CRL');
    const at = octets.indexOf(Buffer.from(from, 'hex'));
    t.not(at, -1);
    Buffer.from(to, 'hex').copy(octets, at);
    t.throws(() => readCrl(formatPem('X509 CRL', octets)), MALFORMED);
  },
});
test(edited, 'version 1', '020101', '020100');
test(edited, 'no CRL number', '0603551d14', '0603551d1b'); // deltaCRLIndicator
test(edited, 'a reason that it does not know', '0a0101', '0a0108'); // removeFromCRL
test(edited, 'a CRL number that is negative', '0202012c', '0202f12c');
test(edited, 'a serial number that is negative', '021500ff', '021580ff');
test(edited, 'a serial number twice', '42'.repeat(16), '41'.repeat(16));
test(edited, 'a date that is none', '3235303630323030', '3235313430323030');
