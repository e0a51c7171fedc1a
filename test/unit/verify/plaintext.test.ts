import { generateKeyPairSync, randomBytes } from 'node:crypto';
import test from 'ava';
import { generateX25519Identity } from 'age-encryption';
import forge from 'node-forge';
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

const columns = (text: string, width: number): string =>
  text.replaceAll(new RegExp(`.{${width}}(?=.)`, 'gu'), '$&\n');
/** The body of a PEM block, folded anew. */
const foldedPem = (text: string, width: number): string => {
  const [begin = '', ...body] = text.trimEnd().split('\n');
  return `${begin}\n${columns(body.slice(0, -1).join(''), width)}\n${body.at(-1) ?? ''}\n`;
};
const times = (count: number, text: string): string =>
  Array.from({ length: count }).reduce<string>(base64, text);
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
const hex = (content: string | Buffer): string => Buffer.from(content).toString('hex');
const pkcs12 = (password: string | null): Buffer => {
  const key = forge.pki.privateKeyFromPem(pem(rsa, 'pkcs1'));
  const options = { useMac: password !== null, generateLocalKeyId: false };
  const made = forge.pkcs12.toPkcs12Asn1(key, [], password, options);
  return Buffer.from(forge.asn1.toDer(made).getBytes(), 'latin1');
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
  'PEM in JSON in JSON': JSON.stringify(JSON.stringify({ key: pem(ec, 'pkcs8') })),
  'PEM in JSON, four deep': [1, 2, 3, 4].reduce((text) => JSON.stringify(text), pem(rsa, 'pkcs1')),
  'DER in folded base64 in JSON in JSON': JSON.stringify(
    JSON.stringify(columns(base64(der(ec, 'pkcs8')), 20)),
  ),
  'JWK in JSON': JSON.stringify(JSON.stringify(ec.export({ format: 'jwk' }))),
  'age, folded': columns(identity, 40),
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
  'PEM folded at 8 columns': foldedPem(pem(ec, 'pkcs8'), 8),
  'PEM folded at 12 columns': foldedPem(pem(rsa, 'pkcs1'), 12),
  'OpenSSH folded at 8 columns': foldedPem(openSsh('none'), 8),
  'DER in base64 at 16 columns': `key: |\n${columns(base64(der(ec, 'pkcs8')), 16)}\n`,
  'DER in base64 at 20 columns': columns(base64(der(rsa, 'pkcs1')), 20),
  'DER in base64 at 8 columns': columns(base64(der(ed, 'pkcs8')), 8),
  'PEM of UTF-16 in base64': base64(utf16(pem(ec, 'pkcs8'))),
  'PEM of UTF-16 in base64, with its mark': base64(utf16(`\uFEFF${pem(ec, 'sec1')}`)),
  'PEM of UTF-16 in folded base64': columns(base64(utf16(`a: ${pem(rsa, 'pkcs8')}`)), 16),
  'PEM of UTF-16 in base64 in base64': base64(base64(utf16(pem(ec, 'pkcs8')))),
  'PEM in a URL': `https://example.com/?key=${encodeURIComponent(pem(ec, 'pkcs8'))}`,
  'PEM in a form': new URLSearchParams({ key: pem(rsa, 'pkcs1') }).toString(),
  'PEM in a URL in a URL': encodeURIComponent(encodeURIComponent(pem(ec, 'pkcs8'))),
  'PEM in base64, four times': times(4, pem(ec, 'pkcs8')),
  'PEM in base64, six times': times(6, pem(ec, 'pkcs8')),
  'DER in hexadecimal': `key: ${hex(der(ec, 'pkcs8'))}`,
  'DER in hexadecimal of capitals with colons': hex(der(rsa, 'pkcs1'))
    .toUpperCase()
    .replaceAll(/..(?=.)/gu, '$&:'),
  'DER in an array of octets': [...der(ec, 'sec1')]
    .map((octet) => `0x${octet.toString(16).padStart(2, '0')}`)
    .join(', '),
  'PEM in folded hexadecimal': columns(hex(pem(ec, 'pkcs8')), 60),
  'PKCS #12 without a passphrase': pkcs12(null),
  'PKCS #12 with an empty passphrase': pkcs12(''),
  'PKCS #12 with an empty passphrase in base64': base64(pkcs12('')),
  'PKCS #12 without a passphrase in folded base64': columns(base64(pkcs12(null)), 76),
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
  'prose about identities':
    'AGE-SECRET-KEY-1 begins an identity of age, which nobody should ever commit anywhere',
  'an identity that is left out': 'AGE-SECRET-KEY-1...',
  'a recipient': 'age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq',
  'an encrypted value': `privateKey: ENC[AES256_GCM,data:${base64(Buffer.alloc(300, 0x4d))},type:str]`,
  'PKCS #12 under a passphrase': pkcs12('a passphrase'),
  'that in base64': base64(pkcs12('a passphrase')),
  'a public key in hexadecimal': hex(publicKey.export({ type: 'pkcs1', format: 'der' })),
  'a public key in DER, in folded base64': columns(
    base64(publicKey.export({ type: 'spki', format: 'der' })),
    16,
  ),
  'long prose that names the line':
    '-----BEGIN PRIVATE KEY----- stands before what nobody should ever commit to a repository of theirs',
  'the URL of a search':
    'https://example.com/?q=BEGIN%20PRIVATE%20KEY%20found%20in%20a%20repository',
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

test('plaintextKeys: octets that were encrypted are no key', (t) => {
  for (let count = 0; count < 2000; count += 1) {
    const octets = randomBytes(300);
    const text = `data: ENC[AES256_GCM,data:${base64(octets)},iv:${hex(octets)},type:str]\n`;
    t.deepEqual(plaintextKeys(Buffer.from(text)), []);
  }
});

const HOSTILE: Readonly<Record<string, string>> = {
  'words of a key in base64': base64('PRIVATE KEY ').repeat(100_000),
  'words of a key in UTF-16 in base64': base64(utf16('PRIVATE KEY ')).repeat(50_000),
  'words of a key in hexadecimal': hex('PRIVATE KEY').repeat(80_000),
  'words of a key in URLs': 'PRIVATE%20KEY'.repeat(120_000),
  'first lines of PEM': '-----BEGIN PRIVATE KEY-----\n'.repeat(60_000),
  'starts of DER': 'MIGHAgEA '.repeat(150_000),
  'starts of PKCS #12': 'MIIBAgED '.repeat(150_000),
  'starts of JWK': `{${'"kty":"RSA"'.repeat(150_000)}`,
  'line ends': '\n'.repeat(1_500_000),
};

for (const [name, content] of Object.entries(HOSTILE)) {
  test(`plaintextKeys: ${name}, and nothing else, in a megabyte are looked at once`, (t) => {
    t.deepEqual(plaintextKeys(Buffer.from(content)), []);
  });
}
