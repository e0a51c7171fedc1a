import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import test from 'ava';
import { armor, Decrypter, Encrypter, Stanza } from 'age-encryption';
import { decodeBech32 } from '../../../../src/sops/age/bech32.ts';
import { encryptToAge } from '../../../../src/sops/age/file.ts';
import { X25519Identity, X25519Recipient } from '../../../../src/sops/age/x25519.ts';
import { makeKey } from '../_keys.ts';

const octets = (text: string, prefix: string): Uint8Array => {
  const bytes = decodeBech32(text, prefix);
  if (bytes === undefined) throw new Error('not Bech32');
  return bytes;
};

for (const size of [0, 1, 32, 33, 1000, 65_536]) {
  test(`encryptToAge: age-encryption opens a file of ${size} octets`, async (t) => {
    const { recipient, text } = await makeKey();
    const to = new X25519Recipient(octets(recipient, 'age'));
    const content = randomBytes(size);
    const file = encryptToAge(content, randomBytes, (fileKey) => to.wrapFileKey(fileKey));
    t.deepEqual(armor.encode(armor.decode(file)), file, 'the armor is canonical');
    const decrypter = new Decrypter();
    decrypter.addIdentity(text);
    t.deepEqual(Buffer.from(await decrypter.decrypt(armor.decode(file))), content);
  });
}

test('encryptToAge: no two files are alike, and more than one chunk is refused', async (t) => {
  const to = new X25519Recipient(octets((await makeKey()).recipient, 'age'));
  const encrypt = (size: number): string =>
    encryptToAge(Buffer.alloc(size), randomBytes, (fileKey) => to.wrapFileKey(fileKey));
  t.not(encrypt(32), encrypt(32));
  t.throws(() => encrypt(65_537), { instanceOf: RangeError });
});

test('X25519Identity: opens what age-encryption wraps', async (t) => {
  const { recipient, text } = await makeKey();
  const encrypter = new Encrypter();
  encrypter.addRecipient((await makeKey()).recipient);
  encrypter.addRecipient(recipient);
  const decrypter = new Decrypter();
  decrypter.addIdentity(new X25519Identity(octets(text, 'AGE-SECRET-KEY-')));
  t.is(await decrypter.decrypt(await encrypter.encrypt('content'), 'text'), 'content');
});

test('X25519Identity: stanzas of others are passed over, malformed ones refused', async (t) => {
  const [one, two] = [await makeKey(), await makeKey()];
  const fileKey = randomBytes(16);
  const wrapped = new X25519Recipient(octets(two.recipient, 'age')).wrapFileKey(fileKey);
  const stanza = new Stanza(wrapped.args, wrapped.body);
  const identity = new X25519Identity(octets(one.text, 'AGE-SECRET-KEY-'));
  t.is(
    identity.unwrapFileKey([new Stanza(['scrypt', 'x', '1'], new Uint8Array(32)), stanza]),
    null,
  );
  const [type = '', share = ''] = stanza.args;
  for (const [args, body] of [
    [[type], stanza.body],
    [[type, share, 'x'], stanza.body],
    [[type, `${share}=`], stanza.body],
    [[type, share.slice(1)], stanza.body],
    [[type, share], stanza.body.subarray(1)],
    [[type, Buffer.alloc(32).toString('base64').replace('=', '')], stanza.body], // low order
  ] as const)
    t.throws(() => identity.unwrapFileKey([new Stanza([...args], body)]));
});

test('AgeIdentity: its key is not in what a logger prints', async (t) => {
  const { list, text } = await makeKey();
  const printed = inspect(list, { depth: 9, showHidden: true }) + JSON.stringify(list);
  t.false(printed.includes(text));
});

test('decodeBech32: refuses another prefix, mixed case, wrong checksums and stray characters', async (t) => {
  const { recipient } = await makeKey();
  t.is(octets(recipient, 'age').length, 32);
  for (const wrong of [
    '',
    'age1',
    recipient.toUpperCase(),
    `${recipient}q`,
    recipient.replace('age1', 'age1b'),
  ])
    t.is(decodeBech32(wrong, 'age'), undefined);
  t.is(decodeBech32(recipient.replace(/^age/u, 'Age'), 'Age'), undefined);
  t.is(decodeBech32(recipient, 'agf'), undefined);
});
