import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import { PkiError } from '../../src/errors.ts';
import { nativeCipher } from '../../src/sops/cipher.ts';
import { readMetadata } from '../../src/sops/document/metadata.ts';
import { programCipher } from '../../src/sops/program.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { requireTools, toolPath } from '../_helpers/tools.ts';
import { makeKey, rejected, type TestKey } from '../unit/sops/_keys.ts';

const run = toolTest(['sops']);

const DOCUMENT = {
  kind: 'Secret',
  data: { '10': 'ten', key: 'hunter2', n: 5, date: '2026-01-01', none: null },
};

const cipher = (key?: TestKey, more: Record<string, string> = {}) =>
  programCipher({
    program: toolPath('sops'),
    environment: { ...(key && { SOPS_AGE_KEY: key.text }), ...more },
  });

const options = (...recipients: readonly string[]) => ({
  selector: { unencrypted_regex: '^kind$' },
  recipients,
  now: new Date(),
  randomBytes,
});

run('programCipher and nativeCipher read what the other writes', async (t) => {
  const key = await makeKey();
  const allowed = { recipients: [key.recipient] };
  const ciphers = [cipher(key), nativeCipher(key)];
  for (const writer of ciphers)
    for (const reader of ciphers) {
      const text = await writer.encryptYaml(DOCUMENT, options(key.recipient));
      t.deepEqual(await reader.decryptYaml(text, allowed), DOCUMENT);
      const content = Buffer.from([0, 255, 10, 10]);
      const binary = await writer.encryptBinary(content, options(key.recipient));
      t.deepEqual(Buffer.from(await reader.decryptBinary(binary, allowed)), content);
    }
});

run(
  'programCipher: the program sees of the environment what finds keys, not what adds recipients',
  async (t) => {
    const key = await makeKey();
    const folder = await mkdtemp(path.join(tmpdir(), 'cdk8s-pki-sops-'));
    t.teardown(() => rm(folder, { recursive: true }));
    const program = path.join(folder, 'sops');
    await writeFile(program, '#!/bin/sh\necho "$*"\n/usr/bin/env\n', { mode: 0o700 });
    const text = await nativeCipher(key).encryptBinary(Buffer.from('x'), options(key.recipient));
    const environment = {
      HOME: '/h',
      SOPS_AGE_KEY_FILE: '/k',
      SOPS_AGE_RECIPIENTS: 'x',
      SOPS_PGP_FP: 'x',
      SOPS_CONFIG: '/x',
      NODE_OPTIONS: '--x',
      LD_PRELOAD: '/x',
    };
    const seen = Buffer.from(await programCipher({ program, environment }).decryptBinary(text));
    const [args, ...lines] = seen.toString().split('\n');
    // Not the rules of whatever .sops.yaml stands above the working directory.
    t.is(args, '--config /dev/null decrypt --filename-override document.bin');
    const names = lines.map((line) => line.replace(/=.*/u, ''));
    t.deepEqual(
      names.filter((name) => !['', 'PWD', '_', 'SHLVL', 'OLDPWD'].includes(name)).sort(),
      ['HOME', 'SOPS_AGE_KEY_FILE', 'SOPS_DISABLE_VERSION_CHECK'],
    );
  },
);

run('programCipher: encrypts to an SSH key and lists it as a recipient', async (t) => {
  const { publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(12);
  const field = (bytes: Uint8Array): Buffer => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(bytes.length);
    return Buffer.concat([size, bytes]);
  };
  const type = 'ssh-ed25519';
  const blob = Buffer.concat([field(Buffer.from(type)), field(raw)]).toString('base64');
  const text = await cipher().encryptYaml(DOCUMENT, options(`${type} ${blob}`));
  t.deepEqual(readMetadata(text, 'yaml').recipients, [`${type} ${blob}`]);
});

const fails = test.macro<
  [name: string, edit: (text: string) => string, code: string, exit: number]
>({
  async exec(t, _, edit, code, exit) {
    const key = await makeKey();
    const text = await nativeCipher(key).encryptYaml(DOCUMENT, options(key.recipient));
    const error = await t.throwsAsync(cipher(key).decryptYaml(edit(text)), {
      instanceOf: PkiError,
    });
    t.is(error.code, code as PkiError['code']);
    t.regex(error.message, new RegExp(`^\\S+ failed with exit status ${exit}: `, 'u'));
    t.is(error.cause, undefined);
  },
  title: (_, name, __, code) => `programCipher: ${name} is ${code}`,
});

if (requireTools(['sops'])) {
  test(fails, 'an edited clear value', (text) => text.replace('Secret', 'x'), 'ERR_MAC', 51);
  test(fails, 'a renamed key', (text) => text.replace('key: E', 'k: E'), 'ERR_DECRYPT', 25);
}

run('programCipher: a file that no identity opens is ERR_DECRYPT', async (t) => {
  const [key, other] = [await makeKey(), await makeKey()];
  const text = await nativeCipher(key).encryptYaml(DOCUMENT, options(key.recipient));
  t.is((await rejected(cipher(other).decryptYaml(text))).code, 'ERR_DECRYPT');
});

run('programCipher: a value that sops prints in its own error is not in ours', async (t) => {
  const key = await makeKey();
  const text = await nativeCipher(key).encryptYaml(DOCUMENT, options(key.recipient));
  const error = await t.throwsAsync(
    cipher(key).decryptYaml(text.replace(/key: .*/u, 'key: hunter2')),
    { instanceOf: PkiError },
  );
  t.notRegex(`${error.message} ${error.hints.join()} ${String(error.stack)}`, /hunter2/u);
});

test('programCipher: a planted recipient is refused before the program is run', async (t) => {
  const [key, other] = [await makeKey(), await makeKey()];
  const text = await nativeCipher(key).encryptYaml(
    DOCUMENT,
    options(key.recipient, other.recipient),
  );
  const nowhere = programCipher({ program: '/nonexistent/sops', environment: {} });
  const allowed = { recipients: [key.recipient] };
  t.is((await rejected(nowhere.decryptYaml(text, allowed))).code, 'ERR_UNKNOWN_RECIPIENT');
});

test('programCipher: a missing program is ERR_SOPS with what to install', async (t) => {
  const { recipient } = await makeKey();
  const nowhere = programCipher({ program: '/nonexistent/sops', environment: {} });
  t.deepEqual(await rejected(nowhere.encryptYaml(DOCUMENT, options(recipient))), {
    code: 'ERR_SOPS',
    message: 'the program "/nonexistent/sops" is not installed',
  });
});

test('programCipher: what is no recipient of sops is not passed on as an option', async (t) => {
  const nowhere = programCipher({ program: '/nonexistent/sops', environment: {} });
  t.deepEqual(await rejected(nowhere.encryptYaml(DOCUMENT, options('--config=x'))), {
    code: 'ERR_RECIPIENT',
    message: '"--config=x" is not a recipient of sops',
  });
});
