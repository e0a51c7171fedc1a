import test from 'ava';
import { createHash } from 'node:crypto';
import type { Profile } from '../../../../src/model/names.ts';
import type { CertificateSpec } from '../../../../src/model/x509.ts';
import { buildCertificate } from '../../../../src/x509/build/certificate.ts';
import { readCertificate } from '../../../../src/x509/read/certificate.ts';
import { publicKeyInfo } from '../../../../src/x509/read/key.ts';
import { OID, parseCertificate } from '../../../_helpers/check-certificate.ts';
import { caSpec, leaf, leafSpec, rootCa, sharedKey } from '../fixtures.ts';

async function extension(oid: string, change: Partial<CertificateSpec> = {}): Promise<string> {
  const found = parseCertificate(await leaf(change)).extensions.get(oid);
  return found === undefined
    ? 'absent'
    : `${found.critical ? 'critical ' : ''}${found.value.toString('hex')}`;
}

async function caExtension(oid: string, change: Partial<CertificateSpec> = {}): Promise<string> {
  const { certificate } = await rootCa('ECDSA-P256', change);
  const found = parseCertificate(certificate.pem).extensions.get(oid);
  return found === undefined
    ? 'absent'
    : `${found.critical ? 'critical ' : ''}${found.value.toString('hex')}`;
}

test('subjectKeyIdentifier: the first 20 octets of the SHA-256 over the key', async (t) => {
  // the BIT STRING of a P-256 key is the last 65 octets of its SubjectPublicKeyInfo
  const point = publicKeyInfo(await sharedKey('ECDSA-P256', 'leaf')).subarray(-65);
  const digest = createHash('sha256').update(point).digest('hex').slice(0, 40);
  t.is(await extension(OID.subjectKeyIdentifier), `0414${digest}`);
});

test('authorityKeyIdentifier: the key identifier alone', async (t) => {
  t.regex(await extension(OID.authorityKeyIdentifier), /^30168014[0-9a-f]{40}$/u);
});

test('authorityKeyIdentifier: not on a self-signed CA', async (t) => {
  t.is(await caExtension(OID.authorityKeyIdentifier), 'absent');
});

test('basicConstraints: critical, and empty on a leaf', async (t) => {
  t.is(await extension(OID.basicConstraints), 'critical 3000');
});

test('basicConstraints: critical on a CA, path length only where it is given', async (t) => {
  t.is(await caExtension(OID.basicConstraints), 'critical 30030101ff');
  t.is(await caExtension(OID.basicConstraints, { pathLength: 0 }), 'critical 30060101ff020100');
  t.is(await caExtension(OID.basicConstraints, { pathLength: 3 }), 'critical 30060101ff020103');
});

test('basicConstraints: refuses a path length on a leaf', async (t) => {
  await t.throwsAsync(leaf({ pathLength: 0 }), {
    code: 'ERR_ISSUE',
    message: 'profile "server" has no path length',
  });
});

test('basicConstraints: refuses a path length that is negative or no integer', async (t) => {
  for (const pathLength of [-1, 0.5, Number.NaN]) {
    await t.throwsAsync(rootCa('ECDSA-P256', { pathLength }), {
      code: 'ERR_ISSUE',
      message: `path length ${pathLength} is not zero or a positive integer`,
    });
  }
});

test('keyUsage: critical digitalSignature, keyCertSign and cRLSign on a CA, RSA or not', async (t) => {
  t.is(await caExtension(OID.keyUsage), 'critical 03020186');
  const rsa = await rootCa('RSA-2048');
  const { extensions } = parseCertificate(rsa.certificate.pem);
  t.is(extensions.get(OID.keyUsage)?.value.toString('hex'), '03020186');
});

test('keyUsage: critical digitalSignature on a leaf', async (t) => {
  t.is(await extension(OID.keyUsage), 'critical 03020780');
});

for (const [profile, value] of [
  ['server', '030205a0'],
  ['peer', '030205a0'],
  ['client', '03020780'],
] as const) {
  const with_ = profile === 'client' ? 'without' : 'with';
  test(`keyUsage: of an RSA key, profile ${profile}, ${with_} keyEncipherment`, async (t) => {
    const key = await sharedKey('RSA-2048', 'leaf');
    const pem = buildCertificate(leafSpec({ profile }), key, await rootCa()).pem;
    const usage = parseCertificate(pem).extensions.get(OID.keyUsage);
    t.deepEqual(usage, { critical: true, value: Buffer.from(value, 'hex') });
  });
}

const SERVER = '06082b06010505070301';
const CLIENT = '06082b06010505070302';
for (const [profile, value] of [
  ['server', `300a${SERVER}`],
  ['client', `300a${CLIENT}`],
  ['peer', `3014${SERVER}${CLIENT}`],
] as readonly [Profile, string][]) {
  test(`extendedKeyUsage: of profile ${profile}, not critical`, async (t) => {
    t.is(await extension(OID.extendedKeyUsage, { profile }), value);
  });
}

test('extendedKeyUsage: none on a CA', async (t) => {
  t.is(await caExtension(OID.extendedKeyUsage), 'absent');
});

test('subjectAltName: not critical beside a subject, critical without one', async (t) => {
  t.is(await extension(OID.subjectAltName, { dnsNames: ['a'] }), '3003820161');
  t.is(
    await extension(OID.subjectAltName, { dnsNames: ['a'], subject: {} }),
    'critical 3003820161',
  );
  t.is(
    await extension(OID.subjectAltName, { dnsNames: ['a'], subject: { organizations: [] } }),
    'critical 3003820161',
  );
});

test('subjectAltName: absent where there are no names', async (t) => {
  t.is(await extension(OID.subjectAltName, { profile: 'client', dnsNames: [] }), 'absent');
});

for (const profile of ['server', 'peer'] as const) {
  test(`subjectAltName: profile ${profile} needs one`, async (t) => {
    await t.throwsAsync(leaf({ profile, dnsNames: [] }), {
      code: 'ERR_ISSUE',
      message: `profile "${profile}" needs at least one IP address or DNS name`,
    });
    t.deepEqual(
      readCertificate(await leaf({ profile, dnsNames: [], ipAddresses: ['::1'] })).ipAddresses,
      ['::1'],
    );
  });
}

test('subject: not empty on a CA, nor where there are no alternative names', async (t) => {
  const problem = { code: 'ERR_ISSUE', message: 'subject is empty' };
  const key = await sharedKey('ECDSA-P256', 'ca');
  t.throws(() => buildCertificate(caSpec({ subject: {}, dnsNames: ['a'] }), key, null), problem);
  await t.throwsAsync(leaf({ profile: 'client', subject: {}, dnsNames: [] }), problem);
});
