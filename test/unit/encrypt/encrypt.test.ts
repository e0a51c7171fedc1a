import test, { type ExecutionContext } from 'ava';
import { encryptFile } from '../../../src/encrypt/encrypt.ts';
import { PkiError } from '../../../src/errors.ts';
import type { BinaryFile, RenderedFile, YamlFile } from '../../../src/model/made/tree.ts';
import { treePath, type CredentialPath } from '../../../src/model/names.ts';
import { nativeCipher, type Cipher } from '../../../src/sops/cipher.ts';
import { NOW } from '../../_helpers/desired.ts';
import { newIdentity } from '../../_helpers/repository.ts';

const identity = await newIdentity();
const other = await newIdentity();
const recipients = [identity.recipient];
const cipher = nativeCipher({ list: [identity], unusable: [] });

const LINE = 'MHcCAQEEIDsecretsecretsecretsecret';
const PEM = `-----BEGIN EC PRIVATE KEY-----\n${LINE}\nQQ==\n-----END EC PRIVATE KEY-----\n`;
const common = {
  path: treePath('deploy/x'),
  recipients,
  uses: ['prod/web' as CredentialPath],
  complete: true,
  projection: 'sha256:1',
};
const YAML: YamlFile = {
  ...common,
  format: 'yaml',
  document: { name: 'x', privateKey: PEM },
  selector: { encrypted_regex: '^privateKey$' },
  sealed: [['privateKey']],
};
const BINARY: BinaryFile = { ...common, format: 'binary', content: PEM };

/** A secret that no PEM header gives away. */
const TEXT = `user: me\npassword: ${LINE}\n`;
const SECRET_YAML: YamlFile = { ...YAML, document: { name: 'x', privateKey: TEXT } };
const SECRET_BINARY: BinaryFile = { ...BINARY, content: TEXT };

let counter = 0;
const ports = {
  now: NOW,
  randomBytes: (size: number): Uint8Array => new Uint8Array(size).fill((counter += 1)),
};
const encrypt = async (file: RenderedFile, with_: Cipher = cipher): Promise<string> =>
  String((await encryptFile(file, with_, ports)).content);

test('encryptFile: a plain file passes as it is', async (t) => {
  const file: RenderedFile = { format: 'plain', path: treePath('deploy/a'), content: 'a\n' };
  t.deepEqual(await encryptFile(file, cipher, ports), { path: file.path, content: 'a\n' });
});

test('encryptFile: what is encrypted comes back, and the clear part is readable', async (t) => {
  const yaml = await encrypt(YAML);
  t.regex(yaml, /^name: x$/mu);
  t.false(yaml.includes(LINE));
  t.deepEqual(await cipher.decryptYaml(yaml), YAML.document);
  const binary = await encrypt(BINARY);
  t.false(binary.includes(LINE));
  t.is(Buffer.from(await cipher.decryptBinary(binary)).toString(), PEM);
});

test('encryptFile: exactly the recipients of the file can open it', async (t) => {
  const stranger = nativeCipher({ list: [other], unusable: [] });
  for (const file of [YAML, { ...YAML, recipients: [identity.recipient, other.recipient] }]) {
    const content = await encrypt(file);
    const opens = file.recipients.includes(other.recipient);
    const opened = stranger.decryptYaml(content);
    if (opens) t.deepEqual(await opened, file.document);
    else await t.throwsAsync(opened, { instanceOf: PkiError });
  }
});

test('encryptFile: each file has a data key of its own', async (t) => {
  const [a, b] = [await encrypt(YAML), await encrypt(YAML)];
  const value = /privateKey: (.*)/u;
  t.not(value.exec(a)?.[1], value.exec(b)?.[1]);
});

test('encryptFile: no recipients is an error, not a file that nobody or anybody can open', async (t) => {
  for (const file of [YAML, BINARY]) {
    const error = await t.throwsAsync<PkiError>(encrypt({ ...file, recipients: [] }), {
      instanceOf: PkiError,
    });
    t.is(error.code, 'ERR_RECIPIENT');
  }
});

test('encryptFile: a projection is never written', async (t) => {
  for (const file of [YAML, BINARY])
    await t.throwsAsync(encrypt({ ...file, complete: false }), {
      instanceOf: TypeError,
      message: '"deploy/x" is a projection and cannot be written',
    });
});

test('encryptFile: a value to be encrypted that is not there is a bug, not a file', async (t) => {
  await t.throwsAsync(encrypt({ ...YAML, sealed: [['data', 'tls.key']] }), {
    instanceOf: TypeError,
  });
});

async function refused(t: ExecutionContext, file: RenderedFile, leaking: Cipher): Promise<void> {
  const error = await t.throwsAsync<PkiError>(encrypt(file, leaking), { instanceOf: PkiError });
  t.deepEqual(
    { code: error.code, message: error.message },
    { code: 'ERR_ENCRYPT', message: 'a private value of "deploy/x" would be written unencrypted' },
  );
  t.false(`${error.stack ?? ''}${error.details.join('')}`.includes(LINE));
}

const leaks: readonly (readonly [string, (plain: string) => string])[] = [
  ['as it is', (plain) => plain],
  ['on one line', (plain) => JSON.stringify({ k: plain })],
  ['indented', (plain) => plain.replaceAll(/^/gmu, '        ')],
  ['with CRLF line ends', (plain) => plain.replaceAll('\n', '\r\n')],
];

for (const [how, leak] of leaks) {
  test(`encryptFile: refuses a cipher that lets the private value through ${how}`, async (t) => {
    const leaking: Cipher = {
      ...cipher,
      encryptYaml: (document) => Promise.resolve(`a: b\n${leak(document['privateKey'] as string)}`),
      encryptBinary: (content) =>
        Promise.resolve(`{"data": 1}\n${leak(Buffer.from(content).toString())}`),
    };
    await refused(t, SECRET_YAML, leaking);
    await refused(t, SECRET_BINARY, leaking);
  });
}

test('encryptFile: refuses a selector that does not select', async (t) => {
  await refused(t, { ...SECRET_YAML, selector: { encrypted_regex: '^other$' } }, cipher);
  await refused(
    t,
    { ...SECRET_YAML, selector: { unencrypted_regex: '^(name|privateKey)$' } },
    cipher,
  );
});

test('encryptFile: the bytes given to the cipher are wiped', async (t) => {
  let given: Uint8Array = new Uint8Array();
  const keeping: Cipher = {
    ...cipher,
    encryptBinary: (content) => {
      given = content;
      return Promise.resolve('{}');
    },
  };
  await encrypt(BINARY, keeping);
  t.true(given.length > 0 && given.every((octet) => octet === 0));
});
