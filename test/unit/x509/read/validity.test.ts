import { X509Certificate } from 'node:crypto';
import test from 'ava';
import { PkiError } from '../../../../src/errors.ts';
import type { CertificateSpec } from '../../../../src/model/x509.ts';
import { buildCertificate } from '../../../../src/x509/build/certificate.ts';
import { decodeCertificates } from '../../../../src/x509/read/pem.ts';
import { readValidity } from '../../../../src/x509/read/validity.ts';
import { caSpec, leafSpec, rootCa, sharedKey } from '../fixtures.ts';

const ca = await rootCa();
const key = await sharedKey('ECDSA-P256', 'leaf');

const der = (pem: string): Buffer => decodeCertificates(pem)[0] ?? Buffer.alloc(0);
const leaf = (change: Partial<CertificateSpec> = {}): string =>
  buildCertificate(leafSpec(change), key, ca).pem;

/** What OpenSSL reads of the same certificate. */
function judge(pem: string): unknown {
  const { serialNumber, issuer, validFrom, validTo } = new X509Certificate(pem);
  return { serialNumber, issuer, notBefore: new Date(validFrom), notAfter: new Date(validTo) };
}

const CASES: Readonly<Record<string, Partial<CertificateSpec>>> = {
  'a plain one': {},
  'dates past 2050': { notAfter: new Date('2034-12-31T23:59:59Z') },
  'a serial number that starts with a high bit': { serialNumber: new Uint8Array(16).fill(0x7f) },
  'a serial number of twenty octets': { serialNumber: new Uint8Array(20).fill(0x01) },
};

for (const [name, change] of Object.entries(CASES)) {
  test(`readValidity: says the same as OpenSSL of ${name}`, (t) => {
    const pem = leaf(change);
    const { subject, ...rest } = readValidity(der(pem));
    t.deepEqual(rest as unknown, judge(pem));
    t.is(subject, 'CN=kube-apiserver');
  });
}

test('readValidity: GeneralizedTime is read as UTCTime is (RFC 5280 §4.1.2.5)', (t) => {
  const notAfter = new Date('2060-02-29T23:59:58Z');
  const pem = buildCertificate(caSpec({ notAfter }), key, null).pem;
  t.deepEqual(readValidity(der(pem)).notAfter, notAfter);
});

test('readValidity: a UTCTime from 50 on is of the last century (RFC 5280 §4.1.2.5.1)', (t) => {
  const old = replaced(der(leaf()), '250101000000Z', '500101000000Z');
  t.deepEqual(readValidity(old).notBefore, new Date('1950-01-01T00:00:00Z'));
  const young = replaced(der(leaf()), '260101000000Z', '491231235959Z');
  t.deepEqual(readValidity(young).notAfter, new Date('2049-12-31T23:59:59Z'));
});

test('readValidity: a name in the order of RFC 4514, several values of one RDN joined, special characters escaped', (t) => {
  const subject = {
    commonName: ' a,b+"c"\\<d>;é# ',
    organizations: ['system:masters', 'kubeadm:cluster-admins'],
    organizationalUnits: ['x=y'],
    country: 'CH',
  };
  const text = readValidity(der(leaf({ subject }))).subject;
  t.true(text.startsWith(String.raw`CN=\ a\,b\+\"c\"\\\<d\>\;é#\ ,`), text);
  t.regex(text, /OU=x=y/u);
  t.regex(
    text,
    /O=kubeadm:cluster-admins\+O=system:masters|O=system:masters\+O=kubeadm:cluster-admins/u,
  );
  t.true(text.endsWith('C=CH'));
});

test('readValidity: control characters of a name are written as their octets', (t) => {
  const octets = replaced(der(leaf()), 'kube-apiserver', 'kube\u001B[2J\u0000\u007Fserv');
  t.is(readValidity(octets).subject, String.raw`CN=kube\1B[2J\00\7Fserv`);
});

test('readValidity: the issuer of a root is its subject', (t) => {
  const { subject, issuer } = readValidity(der(ca.certificate.pem));
  t.is(subject, issuer);
  t.is(subject, 'CN=kubernetes');
});

/** Damage by its name; each must be seen. */
const DAMAGE: Readonly<Record<string, (octets: Buffer) => Buffer>> = {
  'nothing at all': () => Buffer.alloc(0),
  'a truncated certificate': (octets) => octets.subarray(0, -1),
  'a certificate cut in half': (octets) => octets.subarray(0, octets.length / 2),
  'trailing data': (octets) => Buffer.concat([octets, Buffer.of(0)]),
  'an element after the certificate': (octets) => Buffer.concat([octets, Buffer.of(5, 0)]),
  'a month 13': (octets) => replaced(octets, '260101000000Z', '261301000000Z'),
  'a 30th of February': (octets) => replaced(octets, '260101000000Z', '260230000000Z'),
  'an hour 24': (octets) => replaced(octets, '260101000000Z', '260101240000Z'),
  'a minute 60': (octets) => replaced(octets, '260101000000Z', '260101006000Z'),
  'a second 60': (octets) => replaced(octets, '260101000000Z', '260101000060Z'),
  'a time with an offset': (octets) => replaced(octets, '260101000000Z', '260101000000+'),
  'something else than a certificate': () => Buffer.from('3003020101', 'hex'),
  'another algorithm outside than inside': (octets) => {
    const copy = Buffer.from(octets);
    // ecdsa-with-SHA256, the last time
    copy[copy.lastIndexOf(Buffer.from('2a8648ce3d040302', 'hex')) + 7] = 3;
    return copy;
  },
};

for (const [name, damage] of Object.entries(DAMAGE)) {
  test(`readValidity: refuses ${name}`, (t) => {
    const octets = damage(der(leaf()));
    t.is(t.throws(() => readValidity(octets), { instanceOf: PkiError }).code, 'ERR_CERTIFICATE');
  });
}

function replaced(octets: Buffer, from: string, to: string): Buffer {
  const at = octets.indexOf(from, 0, 'latin1');
  if (at === -1) throw new RangeError(from);
  const copy = Buffer.from(octets);
  copy.write(to, at, 'latin1');
  return copy;
}
