import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import {
  formatPrivateKey,
  formatPublicKey,
  generateKey,
  generateLeafKey,
} from '../../../../src/x509/build/key.ts';
import {
  keyAlgorithmOf,
  publicKeyInfo,
  signData,
  verifySignature,
} from '../../../../src/x509/read/key.ts';
import { formatPem } from '../../../../src/x509/read/pem.ts';
import { ALGORITHMS, sharedKey } from '../fixtures.ts';

/** As kubeadm labels them. */
const LABELS = {
  'RSA-2048': 'RSA PRIVATE KEY',
  'RSA-3072': 'RSA PRIVATE KEY',
  'RSA-4096': 'RSA PRIVATE KEY',
  'ECDSA-P256': 'EC PRIVATE KEY',
  'ECDSA-P384': 'EC PRIVATE KEY',
  Ed25519: 'PRIVATE KEY',
} as const;

/** LF, 64 columns, one final newline, one block. */
const canonical = (label: string): RegExp =>
  new RegExp(
    `^-----BEGIN ${label}-----\\n(?:[A-Za-z0-9+/]{64}\\n)*[A-Za-z0-9+/]{1,64}={0,2}\\n-----END ${label}-----\\n$`,
    'u',
  );

for (const algorithm of ALGORITHMS) {
  test(`generateKey: ${algorithm}, private`, async (t) => {
    const key = await sharedKey(algorithm, 'leaf');
    t.is(key.type, 'private');
    t.is(keyAlgorithmOf(createPrivateKey(formatPrivateKey(key))), algorithm);
  });

  test(`formatPrivateKey: ${algorithm} as one canonical "${LABELS[algorithm]}" block`, async (t) => {
    const pem = formatPrivateKey(await sharedKey(algorithm, 'leaf'));
    t.regex(pem, canonical(LABELS[algorithm]));
  });

  test(`formatPublicKey: ${algorithm} as one canonical "PUBLIC KEY" block, of either half`, async (t) => {
    const key = await sharedKey(algorithm, 'leaf');
    const pem = formatPublicKey(key);
    t.regex(pem, canonical('PUBLIC KEY'));
    t.is(pem, createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString());
    t.is(formatPublicKey(createPublicKey(key)), pem);
  });
}

for (const algorithm of ['ECDSA-P256', 'ECDSA-P384'] as const)
  test(`generateKey: ${algorithm}, whole also where its numbers begin with zeros`, async (t) => {
    const starts = new Set<number>();
    // one in 256 scalars is shorter
    for (let count = 0; count < 20_000 && !starts.has(0); count += 1) {
      const key = await generateKey(algorithm);
      const read = createPrivateKey(formatPrivateKey(key));
      const { d = '' } = read.export({ format: 'jwk' });
      starts.add(Buffer.from(d, 'base64url')[0] ?? -1);
      const info = createPublicKey(read).export({ type: 'spki', format: 'der' });
      if (!publicKeyInfo(key).equals(info)) t.fail(`public key of ${d.length} characters`);
      if (!verifySignature(createPublicKey(read), info, signData(key, info))) t.fail('signature');
    }
    t.true(starts.has(0), 'a scalar that begins with a zero octet');
  });

for (const algorithm of ALGORITHMS)
  test(`generateLeafKey: ${algorithm}, as OpenSSL writes the key that it reads`, async (t) => {
    const { info, privateKey } = await generateLeafKey(algorithm);
    const read = createPrivateKey(privateKey);
    t.is(keyAlgorithmOf(read), algorithm);
    t.is(formatPrivateKey(read), privateKey);
    t.deepEqual(info, createPublicKey(read).export({ type: 'spki', format: 'der' }));
  });

test('generateLeafKey: whole also where its scalar begins with zeros', async (t) => {
  const starts = new Set<number>();
  // one in 256 scalars is shorter
  for (let count = 0; count < 20_000 && !starts.has(0); count += 1) {
    const { privateKey, info } = await generateLeafKey('ECDSA-P256');
    const read = createPrivateKey(privateKey);
    const { d = '' } = read.export({ format: 'jwk' });
    starts.add(Buffer.from(d, 'base64url')[0] ?? -1);
    if (formatPrivateKey(read) !== privateKey) t.fail('private key');
    if (!info.equals(createPublicKey(read).export({ type: 'spki', format: 'der' })))
      t.fail('public key');
  }
  t.true(starts.has(0), 'a scalar that begins with a zero octet');
});

test('generateKey and generateLeafKey: another key every time', async (t) => {
  const pems = await Promise.all([1, 2].map(() => generateLeafKey('ECDSA-P256')));
  t.not(pems[0]?.privateKey, pems[1]?.privateKey);
  t.false((await generateKey('Ed25519')).equals(await generateKey('Ed25519')));
});

test('formatPrivateKey: the same fields as Go writes, RFC 5915 with curve and public key', async (t) => {
  const key = await sharedKey('ECDSA-P256', 'leaf');
  const { d = '', x = '', y = '' } = key.export({ format: 'jwk' });
  const hex = [d, x, y].map((number) => Buffer.from(number, 'base64url').toString('hex'));
  const [secret = '', ...point] = hex;
  const der = `30770201010420${secret}a00a06082a8648ce3d030107a14403420004${point.join('')}`;
  t.is(formatPrivateKey(key), formatPem('EC PRIVATE KEY', Buffer.from(der, 'hex')));
});

test('formatPrivateKey: refuses a kind that kubeadm does not know', (t) => {
  const { privateKey } = generateKeyPairSync('x25519');
  t.throws(() => formatPrivateKey(privateKey), {
    code: 'ERR_KEY',
    message: 'keys of kind "x25519" are not supported',
  });
});
