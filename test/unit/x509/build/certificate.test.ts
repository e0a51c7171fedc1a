import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import test from 'ava';
import { buildCertificate } from '../../../../src/x509/build/certificate.ts';
import { readCertificate } from '../../../../src/x509/read/certificate.ts';
import { publicKeyInfo } from '../../../../src/x509/read/key.ts';
import { checkCertificate, parseCertificate } from '../../../_helpers/check-certificate.ts';
import { ALGORITHMS, caSpec, leaf, leafSpec, rootCa, sharedKey } from '../fixtures.ts';

for (const algorithm of ALGORITHMS) {
  test(`buildCertificate: ${algorithm} root, intermediate and leaves, field by field`, async (t) => {
    const root = await rootCa(algorithm, { dnsNames: ['kubernetes'] });
    checkCertificate(t, root.certificate.pem, {
      ...caSpec({ dnsNames: ['kubernetes'] }),
      keyAlgorithm: algorithm,
      issuer: null,
    });
    const privateKey = await sharedKey(algorithm, 'leaf');
    const spec = caSpec({ subject: { commonName: 'intermediate' }, pathLength: 0 });
    const pem = buildCertificate(spec, createPublicKey(privateKey), root).pem;
    checkCertificate(t, pem, { ...spec, keyAlgorithm: algorithm, issuer: root.certificate.pem });
    const issuer = { certificate: readCertificate(pem), privateKey };
    for (const keyAlgorithm of ALGORITHMS) {
      const key = await sharedKey(keyAlgorithm, 'leaf');
      for (const profile of ['server', 'client', 'peer'] as const) {
        const expected = leafSpec({ profile });
        const certificate = buildCertificate(expected, key, issuer).pem;
        checkCertificate(t, certificate, { ...expected, keyAlgorithm, issuer: pem });
      }
    }
  });
}

/** DER of the AlgorithmIdentifiers: OpenSSL writes the same. */
const IDENTIFIERS = {
  'RSA-2048': '300d06092a864886f70d01010b0500',
  'RSA-3072': '300d06092a864886f70d01010b0500',
  'RSA-4096': '300d06092a864886f70d01010b0500',
  'ECDSA-P256': '300a06082a8648ce3d040302',
  'ECDSA-P384': '300a06082a8648ce3d040303',
  Ed25519: '300506032b6570',
} as const;

for (const algorithm of ALGORITHMS) {
  test(`buildCertificate: signature algorithm of an ${algorithm} issuer, inside as outside`, async (t) => {
    const key = await sharedKey('ECDSA-P256', 'leaf');
    const pem = buildCertificate(leafSpec(), key, await rootCa(algorithm)).pem;
    const { innerAlgorithm, outerAlgorithm } = parseCertificate(pem);
    t.is(innerAlgorithm.toString('hex'), IDENTIFIERS[algorithm]);
    t.is(outerAlgorithm.toString('hex'), IDENTIFIERS[algorithm]);
  });
}

for (const algorithm of ALGORITHMS)
  test(`buildCertificate: ${algorithm}, the same from a private key, a public key and its octets`, async (t) => {
    const key = await sharedKey(algorithm, 'leaf');
    const ca = await rootCa('Ed25519'); // whose signatures are always the same
    const { pem } = buildCertificate(leafSpec({ profile: 'server' }), key, ca);
    const build = (subject: KeyObject | Buffer): string =>
      buildCertificate(leafSpec({ profile: 'server' }), subject, ca).pem;
    t.is(build(createPublicKey(key)), pem);
    t.is(build(createPublicKey(key).export({ type: 'spki', format: 'der' })), pem);
  });

test('buildCertificate: refuses a self-signed leaf', async (t) => {
  const key = await sharedKey('ECDSA-P256', 'leaf');
  t.throws(() => buildCertificate(leafSpec(), key, null), {
    code: 'ERR_ISSUE',
    message: 'only a CA with its private key signs itself',
  });
});

test('buildCertificate: refuses to self-sign with a public key', async (t) => {
  const key = createPublicKey(await sharedKey('ECDSA-P256', 'ca'));
  t.throws(() => buildCertificate(caSpec(), key, null), {
    code: 'ERR_ISSUE',
    message: 'only a CA with its private key signs itself',
  });
  t.throws(() => buildCertificate(caSpec(), publicKeyInfo(key), null), {
    code: 'ERR_ISSUE',
    message: 'only a CA with its private key signs itself',
  });
});

test('buildCertificate: refuses a subject or issuer key of an unsupported algorithm', async (t) => {
  const ca = await rootCa();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-521' });
  t.throws(() => buildCertificate(leafSpec(), privateKey, ca), {
    code: 'ERR_ISSUE',
    message: 'subject\'s key of kind "ec" is of no supported algorithm',
  });
  t.throws(() => buildCertificate(leafSpec(), publicKeyInfo(privateKey), ca), {
    code: 'ERR_ISSUE',
    message: "subject's key is of no supported algorithm",
  });
  t.throws(() => buildCertificate(caSpec(), privateKey, null), {
    code: 'ERR_ISSUE',
    message: 'issuer\'s key of kind "ec" is of no supported algorithm',
  });
});

test('buildCertificate: each extension once', async (t) => {
  const { oids } = parseCertificate(await leaf());
  t.deepEqual(oids, ['2.5.29.15', '2.5.29.37', '2.5.29.19', '2.5.29.14', '2.5.29.35', '2.5.29.17']);
});
