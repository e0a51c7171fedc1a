import { randomBytes } from 'node:crypto';
import test from 'ava';
import type { AgeIdentity } from '../../../src/sops/age/identity.ts';
import { loadIdentities } from '../../../src/sops/age/sources.ts';
import { nativeCipher } from '../../../src/sops/cipher.ts';
import { openValue } from '../../../src/sops/document/value.ts';
import { makeKey } from './_keys.ts';

const isWiped = (bytes: Uint8Array | undefined): boolean =>
  bytes?.every((octet) => octet === 0) === true;

/** Of age, the first of 16 octets; its nonce comes after it. */
const isFileKey = (given: readonly Uint8Array[], bytes: Uint8Array): boolean =>
  given.find(({ length }) => length === 16) === bytes;

/** The first octets that are asked for are the data key. */
function recorded() {
  const given: Uint8Array[] = [];
  const options = {
    now: new Date(),
    randomBytes: (size: number) => {
      const bytes = randomBytes(size);
      given.push(bytes);
      return bytes;
    },
  };
  return { given, options };
}

const selector = { encrypted_regex: '^key$' };
const DOCUMENT = { key: 'hunter2', kind: 'x' };

test('wipe: the data key, after encryption and after a failure of it', async (t) => {
  const { recipient, list, unusable } = await makeKey();
  const cipher = nativeCipher({ list, unusable });
  for (const recipients of [[recipient], ['not a recipient']]) {
    const yaml = recorded();
    const binary = recorded();
    await Promise.allSettled([
      cipher.encryptYaml(DOCUMENT, { selector, recipients, ...yaml.options }),
      cipher.encryptBinary(Buffer.from('x'), { recipients, ...binary.options }),
    ]);
    for (const { given } of [yaml, binary]) {
      const secret = given.filter((bytes, index) => index === 0 || isFileKey(given, bytes));
      t.is(secret.length, recipients.includes(recipient) ? 2 : 1);
      t.true(secret.every(isWiped));
      const others = given.filter((bytes) => !secret.includes(bytes));
      t.true(others.length > 0 && others.every((bytes) => !isWiped(bytes)), 'those are public');
    }
  }
});

test('wipe: the data key, after decryption and after a failure of it', async (t) => {
  const key = await makeKey();
  const { options } = recorded();
  const writer = nativeCipher(key);
  const yaml = await writer.encryptYaml(DOCUMENT, {
    selector,
    recipients: [key.recipient],
    ...options,
  });
  const binary = await writer.encryptBinary(Buffer.from('x'), {
    recipients: [key.recipient],
    ...options,
  });
  const opened: Uint8Array[] = [];
  const [identity] = key.list;
  const watching: unknown = {
    recipient: key.recipient,
    decrypt: async (file: Uint8Array) => {
      const dataKey = await identity?.decrypt(file);
      if (dataKey === undefined) throw new TypeError('no identity');
      t.false(isWiped(dataKey));
      opened.push(dataKey);
      return dataKey;
    },
  };
  const reader = nativeCipher({ list: [watching as AgeIdentity], unusable: [] });
  await reader.decryptYaml(yaml);
  await reader.decryptBinary(binary);
  await t.throwsAsync(reader.decryptYaml(yaml.replace('kind: x', 'kind: y')), { code: 'ERR_MAC' });
  await t.throwsAsync(
    reader.decryptYaml(yaml.replace('key: ENC[AES256_GCM,data:', 'key: ENC[AES256_GCM,data:AAAA')),
    {
      code: 'ERR_DECRYPT',
    },
  );
  t.is(opened.length, 4);
  t.true(opened.every(isWiped));
});

test('wipe: what identities were read from', async (t) => {
  const { text, recipient } = await makeKey();
  const file = Buffer.from(`${text}\n`);
  const printed = Buffer.from(`${text}\n`);
  const { list } = await loadIdentities(
    { SOPS_AGE_KEY_FILE: '/k', SOPS_AGE_KEY_CMD: 'print' },
    {
      platform: 'linux',
      readFile: () => Promise.resolve(file),
      run: () => Promise.resolve(printed),
    },
  );
  t.deepEqual(
    list.map((identity) => identity.recipient),
    [recipient],
  );
  t.true(isWiped(file) && isWiped(printed));
});

test('openValue: a value that does not authenticate is not handed out', (t) => {
  t.throws(
    () =>
      openValue(
        'ENC[AES256_GCM,data:AAAA,iv:AAAAAAAAAAAAAAAA,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]',
        Buffer.alloc(32),
        'x:',
        '"x"',
      ),
    {
      code: 'ERR_DECRYPT',
    },
  );
});
