import test from 'ava';
import { parseRecipient } from '../../../../src/sops/age/recipient.ts';
import { decodeBech32 } from '../../../../src/sops/age/bech32.ts';
import { recipientOf } from '../../../../src/sops/age/identity.ts';
import { makeKey, thrown } from '../_keys.ts';

test('parseRecipient: X25519 and post-quantum recipients are taken, blanks around them dropped', async (t) => {
  for (const kind of ['X25519', 'hybrid'] as const) {
    const { recipient } = await makeKey(kind);
    t.is(parseRecipient(` ${recipient}\n`), recipient);
  }
});

test('parseRecipient: one wrong character fails the checksum', async (t) => {
  const { recipient } = await makeKey();
  const wrong = recipient.slice(0, -1) + (recipient.endsWith('q') ? 'p' : 'q');
  t.deepEqual(
    thrown(() => parseRecipient(wrong)),
    {
      code: 'ERR_RECIPIENT',
      message: `"${wrong.slice(0, 12)}…${wrong.slice(-4)}" is not an age X25519 recipient: its checksum or length is wrong`,
    },
  );
});

test('parseRecipient: 31 octets with a right checksum are no recipient', (t) => {
  const short = 'age1qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qunndjpz';
  t.is(decodeBech32(short, 'age')?.length, 31);
  t.is(thrown(() => parseRecipient(short)).code, 'ERR_RECIPIENT');
});

const refuses = test.macro<[text: string, message: string]>({
  exec(t, text, message) {
    t.deepEqual(
      thrown(() => parseRecipient(text)),
      { code: 'ERR_RECIPIENT', message },
    );
  },
  title: (_, text) => `parseRecipient: refuses ${text}`,
});

test(
  refuses,
  'ssh-ed25519 AAAA',
  '"ssh-ed25519 AAAA" is an SSH recipient, which only the sops program knows',
);
test(
  refuses,
  'age1yubikey1qxyz',
  '"age1yubikey1qxyz" is an age plugin recipient, which only the sops program knows',
);
test(refuses, 'AGE1QQQ', '"AGE1QQQ" is not an age recipient');
test(refuses, '', '"" is not an age recipient');

test('parseRecipient: an identity in its place is never shown', async (t) => {
  const { text } = await makeKey();
  t.deepEqual(
    thrown(() => parseRecipient(text)),
    { code: 'ERR_RECIPIENT', message: 'an age identity stands where a recipient belongs' },
  );
});

test('recipientOf: gives the recipient of an identity, and of nothing else', async (t) => {
  const { text, recipient } = await makeKey();
  t.is(await recipientOf(text), recipient);
  await t.throwsAsync(recipientOf(text.toLowerCase()), { instanceOf: TypeError });
});
