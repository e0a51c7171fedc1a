import { randomBytes } from 'node:crypto';
import test from 'ava';
import { PkiError } from '../../../src/errors.ts';
import { encryptBinary, encryptYaml } from '../../../src/sops/encrypt.ts';
import { decryptBinary, decryptYaml } from '../../../src/sops/decrypt.ts';
import { both, makeKey, rejected, type TestKey } from './_keys.ts';

const DOCUMENT = {
  kind: 'Secret',
  metadata: { name: 'tls', labels: { one: '12', two: '3' } },
  data: { key: 'secret', other: 'words', list: ['x', 'y'] },
};

const options = (key: TestKey) => ({
  selector: { encrypted_regex: '^data$' },
  recipients: [key.recipient],
  now: new Date('2026-01-02T03:04:05Z'),
  randomBytes,
});

type Edit = (text: string) => string;

const refuses = test.macro<[name: string, edit: Edit, code: string, message: string]>({
  async exec(t, _, edit, code, message) {
    const key = await makeKey();
    const text = await encryptYaml(DOCUMENT, options(key));
    const edited = edit(text);
    t.not(edited, text, 'the edit found nothing to change');
    t.deepEqual(await rejected(decryptYaml(edited, key)), { code, message });
  },
  title: (_, name) => `decryptYaml: refuses ${name}`,
});

const line = (text: string, start: string): string =>
  text.split('\n').find((each) => each.trimStart().startsWith(start)) ?? '';
const value = (text: string, start: string): string => line(text, start).replace(/^[^E]*/u, '');
const MAC = 'its MAC does not match its values';

test(
  refuses,
  'a clear value edited by hand',
  (text) => text.replace('name: tls', 'name: tlz'),
  'ERR_MAC',
  MAC,
);
test(
  refuses,
  'a clear value added',
  (text) => text.replace('kind:', 'a: b\nkind:'),
  'ERR_MAC',
  MAC,
);
test(
  refuses,
  'clear values in another order',
  (text) => text.replace('one: "12"', 'one: "3"').replace('two: "3"', 'two: "12"'),
  'ERR_MAC',
  MAC,
);
test(
  refuses,
  'two items of a list exchanged, which authenticate each by itself',
  (text) => text.replace(/( +- ENC.*\n)( +- ENC.*\n)/u, '$2$1'),
  'ERR_MAC',
  MAC,
);
test(
  refuses,
  'an encrypted key renamed',
  (text) => text.replace('    key: ENC', '    kex: ENC'),
  'ERR_DECRYPT',
  '"data.kex" does not decrypt: it or its key was changed',
);
test(
  refuses,
  'the ciphertext of another key',
  (text) => text.replace(value(text, 'key:'), value(text, 'other:')),
  'ERR_DECRYPT',
  '"data.key" does not decrypt: it or its key was changed',
);
test(
  refuses,
  'a tag cut to four octets',
  (text) => text.replace(/(key: .*tag:)[^,]+/u, (_, start: string) => `${start}AAAAAA==`),
  'ERR_SOPS_FORMAT',
  '"data.key" has an authentication tag of 4 octets instead of 16',
);
test(
  refuses,
  'an initialization vector of eight octets',
  (text) => text.replace(/(key: .*iv:)[^,]+/u, '$1AAAAAAAAAAA='),
  'ERR_SOPS_FORMAT',
  '"data.key" has an initialization vector of 8 octets instead of 32',
);
test(
  refuses,
  'base64 with characters in excess',
  (text) => text.replace(/(key: .*data:)/u, '$1='),
  'ERR_SOPS_FORMAT',
  '"data.key" holds invalid base64',
);
test(
  refuses,
  'a clear text in place of an encrypted one',
  (text) => text.replace(value(text, 'key:'), 'secret'),
  'ERR_SOPS_FORMAT',
  '"data.key" should be encrypted and is not of the form ENC[AES256_GCM,…]',
);
test(
  refuses,
  'a clear number in place of an encrypted text',
  (text) => text.replace(value(text, 'key:'), '5'),
  'ERR_SOPS_FORMAT',
  '"data.key" should be encrypted and is not',
);
test(
  refuses,
  'an encrypted value emptied',
  (text) => text.replace(value(text, 'key:'), '""'),
  'ERR_MAC',
  MAC,
);
test(
  refuses,
  'a selector that lets an encrypted value pass for a clear one',
  (text) => text.replace('^data$', '^datum$'),
  'ERR_MAC',
  MAC,
);
test(
  refuses,
  'mac_only_encrypted set later',
  (text) => text.replace('    version:', '    mac_only_encrypted: true\n    version:'),
  'ERR_MAC',
  MAC,
);
test(
  refuses,
  'another lastmodified',
  (text) => text.replace('03:04:05', '03:04:06'),
  'ERR_MAC',
  'its MAC does not decrypt: "sops.mac" or "sops.lastmodified" was changed',
);
test(
  refuses,
  'no MAC',
  (text) => text.replace(/ {4}mac: .*\n/u, ''),
  'ERR_SOPS_FORMAT',
  '"sops.mac" is missing',
);

test('decryptYaml: a hand-edited value is named as the likely cause', async (t) => {
  const key = await makeKey();
  const text = await encryptYaml(DOCUMENT, options(key));
  const error = await t.throwsAsync(decryptYaml(text.replace('tls', 'tlz'), key), {
    instanceOf: PkiError,
  });
  t.regex(error.hints.join('\n'), /edited by hand/u);
});

test('decryptYaml: a planted recipient is refused where the allowed ones are given', async (t) => {
  const [key, attacker] = [await makeKey(), await makeKey()];
  const text = await encryptYaml(DOCUMENT, options(key));
  const planted = text.replace(
    '    age:\n',
    `    age:\n        - enc: garbage\n          recipient: ${attacker.recipient}\n`,
  );
  t.deepEqual(await decryptYaml(planted, key), DOCUMENT);
  t.deepEqual(await rejected(decryptYaml(planted, key, { recipients: [key.recipient] })), {
    code: 'ERR_UNKNOWN_RECIPIENT',
    message: `it names a recipient that is not declared: ${attacker.recipient.slice(0, 12)}…${attacker.recipient.slice(-4)}`,
  });
});

test('decryptYaml: no matching identity names who could open the file', async (t) => {
  const [key, other] = [await makeKey(), await makeKey()];
  const text = await encryptYaml(DOCUMENT, options(key));
  const error = await t.throwsAsync(
    decryptYaml(text, { ...other, unusable: ['SOPS_AGE_KEY, line 2 (age plugin)'] }),
    { instanceOf: PkiError },
  );
  t.is(error.code, 'ERR_DECRYPT');
  t.is(error.message, 'no identity matches its recipient');
  t.deepEqual(error.hints, [
    `set SOPS_AGE_KEY_FILE to the identity of ${key.recipient.slice(0, 12)}…${key.recipient.slice(-4)}`,
    'not usable without the sops program: SOPS_AGE_KEY, line 2 (age plugin)',
  ]);
  t.deepEqual(await decryptYaml(text, both(other, key)), DOCUMENT);
});

test('decryptYaml: a wrong label on an age file does not matter to who can open it', async (t) => {
  const [key, other] = [await makeKey(), await makeKey()];
  const text = await encryptYaml(DOCUMENT, options(key));
  const relabelled = text.replace(key.recipient, other.recipient);
  t.deepEqual(await decryptYaml(relabelled, both(other, key)), DOCUMENT);
});

test('decryptYaml: a data key of another length is refused', async (t) => {
  const key = await makeKey();
  const short = { ...options(key), randomBytes: (size: number) => randomBytes(size) };
  const { wrapDataKey } = await import('../../../src/sops/age/data-key.ts');
  const [entry] = await wrapDataKey(randomBytes(16), [key.recipient], randomBytes);
  const text = await encryptBinary(Buffer.from('x'), short);
  const document = JSON.parse(text) as { sops: { age: unknown } };
  document.sops.age = [entry];
  t.deepEqual(await rejected(decryptBinary(JSON.stringify(document), key)), {
    code: 'ERR_SOPS_FORMAT',
    message: 'its data key has 16 octets instead of 32',
  });
});

test('decryptBinary: octets that are not UTF-8 come back; what was changed is refused', async (t) => {
  const key = await makeKey();
  const content = Buffer.from([0, 255, 254, 10, 13]);
  const text = await encryptBinary(content, options(key));
  t.deepEqual(Buffer.from(await decryptBinary(text, key)), content);
  t.deepEqual(
    await rejected(
      decryptBinary(text.replace('ENC[AES256_GCM,data:', 'ENC[AES256_GCM,data:AAAA'), key),
    ),
    {
      code: 'ERR_DECRYPT',
      message: '"data" does not decrypt: it or its key was changed',
    },
  );
  t.deepEqual(await rejected(decryptBinary(text.replace(/"data": "[^"]+"/u, '"data": ""'), key)), {
    code: 'ERR_MAC',
    message: MAC,
  });
});
