import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { generateX25519Identity } from 'age-encryption';
import { plaintextKeys } from '../../../src/verify/plaintext.ts';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ed = generateKeyPairSync('ed25519').privateKey;
const pem = (key: typeof ec, type: 'pkcs8' | 'sec1' | 'pkcs1'): string =>
  key.export({ type, format: 'pem' }).toString();
const der = (key: typeof ec, type: 'pkcs8' | 'sec1' | 'pkcs1'): Buffer =>
  key.export({ type, format: 'der' });
const identity = await generateX25519Identity();

const base64 = (content: string | Buffer): string => Buffer.from(content).toString('base64');
const folded = (text: string): string => text.replaceAll(/.{40}/gu, '$&\n    ');
/** OpenSSH's own form, as far as a reader looks: the magic, the cipher's name, and octets. */
const openSsh = (cipher: string): string => {
  const name = Buffer.from(cipher);
  const octets = [Buffer.from('openssh-key-v1\0'), Buffer.from([0, 0, 0, name.length]), name];
  const body = base64(Buffer.concat([...octets, Buffer.alloc(80, 7)]));
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----\n`;
};

const FOUND: Readonly<Record<string, string | Buffer>> = {
  'PKCS #8': pem(ec, 'pkcs8'),
  'PKCS #8 of Ed25519': pem(ed, 'pkcs8'),
  'SEC 1': pem(ec, 'sec1'),
  'PKCS #1': pem(rsa, 'pkcs1'),
  OpenSSH: openSsh('none'),
  'a line of age': `# created: today\n${identity}\n`,
  'age in lower case': identity.toLowerCase(),
  'PEM in JSON': JSON.stringify({ key: pem(rsa, 'pkcs8') }),
  'PEM in a YAML block': `key: |\n${pem(ec, 'sec1').replaceAll(/^/gmu, '    ')}`,
  'PEM with Windows line ends': pem(ec, 'pkcs8').replaceAll('\n', '\r\n'),
  'PEM in UTF-16': Buffer.from(`\ufeff${pem(ec, 'pkcs8')}`, 'utf16le'),
  'PEM in base64': `data:\n  tls.key: ${base64(pem(ec, 'pkcs8'))}\n`,
  'PEM in folded base64': `tls.key: >\n    ${folded(base64(pem(rsa, 'pkcs8')))}\n`,
  'PEM in the base64 of a file, at any alignment': base64(`a: b\nkey: |\n${pem(ec, 'sec1')}`),
  'PEM in base64 in base64': base64(`x: ${base64(pem(ec, 'sec1'))}`),
  'age in base64': `key: ${base64(`ab${identity}\n`)}`,
  DER: der(rsa, 'pkcs8'),
  'DER of SEC 1': der(ec, 'sec1'),
  'DER of PKCS #8 in base64': `{"key":"${base64(der(ec, 'pkcs8'))}"}`,
  'DER of SEC 1 in base64': `key: ${base64(der(ec, 'sec1'))}`,
  'DER of PKCS #1 in folded base64': `key: |\n    ${folded(base64(der(rsa, 'pkcs1')))}`,
  'DER of Ed25519 in base64url': der(ed, 'pkcs8').toString('base64url'),
  JWK: JSON.stringify(ec.export({ format: 'jwk' })),
};

for (const [name, content] of Object.entries(FOUND)) {
  test(`plaintextKeys: finds ${name}`, (t) => {
    t.is(plaintextKeys(Buffer.from(content)).length, 1);
  });
}

const publicKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
const PASSED: Readonly<Record<string, string | Buffer>> = {
  'a public key': publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  'a public key in DER, in base64': base64(publicKey.export({ type: 'pkcs1', format: 'der' })),
  'a key under a passphrase': rsa
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString(),
  'an older form of that': rsa
    .export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString(),
  'an OpenSSH key under a passphrase': openSsh('aes256-ctr'),
  'prose that names the line':
    'look for -----BEGIN PRIVATE KEY----- and then -----END PRIVATE KEY-----',
  'a regular expression': String.raw`/-----BEGIN (?:RSA )?PRIVATE KEY-----[^]*/`,
  'the base64 of prose': base64('a PRIVATE KEY----- is AGE-SECRET-KEY-1 something'),
  'an identity that is left out': 'AGE-SECRET-KEY-1...',
  'a recipient': 'age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq',
  'an encrypted value': `privateKey: ENC[AES256_GCM,data:${base64(Buffer.alloc(300, 0x4d))},type:str]`,
  nothing: '',
};

for (const [name, content] of Object.entries(PASSED)) {
  test(`plaintextKeys: passes ${name}`, (t) => {
    t.deepEqual(plaintextKeys(Buffer.from(content)), []);
  });
}

test('plaintextKeys: says where, and nothing of the key', (t) => {
  const text = `a: b\n\nkey: |\n${pem(ec, 'pkcs8')}\nother: ${base64(pem(rsa, 'pkcs1'))}\n`;
  t.deepEqual(plaintextKeys(Buffer.from(text)), [
    { kind: 'PEM PRIVATE KEY', line: 4 },
    { kind: 'private key in base64', line: 10 },
  ]);
});
