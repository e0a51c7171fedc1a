import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import test from 'ava';
import { PkiError } from '../../../../src/errors.ts';
import { formatPrivateKey, formatPublicKey } from '../../../../src/x509/build/key.ts';
import { readCertificate } from '../../../../src/x509/read/certificate.ts';
import {
  keyAlgorithmOf,
  publicKeyInfo,
  readPrivateKey,
  readPublicKey,
  signData,
  spkiHash,
  verifySignature,
} from '../../../../src/x509/read/key.ts';
import { ALGORITHMS, sharedKey } from '../fixtures.ts';
import { goCa, withOwnKey } from '../foreign.ts';

/** In the form of Go and OpenSSL. */
const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'sec1', format: 'pem' })
  .toString();

for (const algorithm of ALGORITHMS) {
  test(`keyAlgorithmOf: ${algorithm}, of either half of a key`, async (t) => {
    const key = await sharedKey(algorithm, 'leaf');
    t.is(keyAlgorithmOf(key), algorithm);
    t.is(keyAlgorithmOf(createPublicKey(key)), algorithm);
  });

  test(`readPrivateKey, readPublicKey: what ${algorithm} was written as`, async (t) => {
    const key = await sharedKey(algorithm, 'leaf');
    t.true(readPrivateKey(formatPrivateKey(key)).equals(key));
    t.true(readPrivateKey(key.export({ type: 'pkcs8', format: 'pem' }).toString()).equals(key));
    const publicKey = readPublicKey(formatPublicKey(key));
    t.true(publicKey.equals(createPublicKey(key)));
    t.is(keyAlgorithmOf(publicKey), algorithm);
    t.is(spkiHash(publicKey), spkiHash(createPublicKey(key)));
  });

  test(`signData: ${algorithm} verifies, and not for other data`, async (t) => {
    const key = await sharedKey(algorithm, 'leaf');
    const signature = signData(key, Buffer.from('data'));
    t.true(verifySignature(createPublicKey(key), Buffer.from('data'), signature));
    t.false(verifySignature(createPublicKey(key), Buffer.from('date'), signature));
  });
}

test('spkiHash: the same of a private key, its public key and its certificate', (t) => {
  const { pem, privateKey } = withOwnKey(goCa);
  const { spki } = readCertificate(pem);
  t.is(spkiHash(privateKey), spki);
  t.is(spkiHash(createPublicKey(privateKey)), spki);
});

test('publicKeyInfo: never mixes up two keys', async (t) => {
  const [one, other] = [await sharedKey('Ed25519', 'ca'), await sharedKey('Ed25519', 'leaf')];
  t.notDeepEqual(publicKeyInfo(one), publicKeyInfo(other));
  t.deepEqual(publicKeyInfo(one), publicKeyInfo(one));
});

test('keyAlgorithmOf: null for keys of another kind, which do not sign either', (t) => {
  const kinds: readonly KeyObject[] = [
    generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey,
    generateKeyPairSync('ed448').privateKey,
    generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey,
    generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey,
  ];
  for (const key of kinds) {
    t.is(keyAlgorithmOf(key), null);
    t.throws(() => signData(key, Buffer.of(1)), { code: 'ERR_KEY' });
    t.false(verifySignature(createPublicKey(key), Buffer.of(1), Buffer.of(1)));
  }
});

const body = ecKey.split('\n')[1] ?? '';

const refused = test.macro<[(pem: string) => KeyObject, string, string]>({
  exec(t, read, pem, message) {
    const error = t.throws(() => read(pem), { instanceOf: PkiError, code: 'ERR_KEY', message });
    // neither message nor stack nor cause nor anything else has a run of the key in it
    t.false(JSON.stringify([error, error.stack, error.cause]).includes(body.slice(0, 8)));
  },
  title: (given) => given ?? '',
});

test(
  'readPrivateKey: refuses text without one',
  refused,
  readPrivateKey,
  goCa,
  'no PEM block with a private key',
);
test(
  'readPrivateKey: refuses a damaged key, and shows nothing of it',
  refused,
  readPrivateKey,
  ecKey.replace(body, body.slice(0, 40)),
  'private key cannot be read',
);
test(
  'readPrivateKey: refuses a truncated key, and shows nothing of it',
  refused,
  readPrivateKey,
  ecKey.slice(0, 120),
  'private key cannot be read',
);
test('readPrivateKey: refuses a key with a passphrase', (t) => {
  const key = readPrivateKey(ecKey);
  for (const type of ['pkcs8', 'sec1'] as const) {
    const pem = key.export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
    const message = 'private key is encrypted with a passphrase';
    t.throws(() => readPrivateKey(pem.toString()), { code: 'ERR_KEY', message });
  }
});
test(
  'readPublicKey: refuses a private key, which node would take',
  refused,
  readPublicKey,
  ecKey,
  'no PEM block with a public key',
);
test(
  'readPublicKey: refuses a certificate, which node would take',
  refused,
  readPublicKey,
  goCa,
  'no PEM block with a public key',
);
test(
  'readPublicKey: refuses a damaged key',
  refused,
  readPublicKey,
  '-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n',
  'public key cannot be read',
);
