import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { armor } from 'age-encryption';
import { decryptBinary, decryptYaml } from '../../src/sops/decrypt.ts';
import { encryptBinary, encryptYaml, type JsonObject } from '../../src/sops/encrypt.ts';
import type { Selector } from '../../src/sops/document/selector.ts';
import { emitYaml } from '../../src/go-yaml/emit.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { requireTools } from '../_helpers/tools.ts';
import { documents, runs, selectors } from '../property/sops/_documents.ts';
import { makeKey, rejected, type TestKey } from '../unit/sops/_keys.ts';
import { BINARY, sops, YAML } from './_sops.ts';

const run = toolTest(['sops']);

/** Documents in one file, so that one process judges many. */
const BATCH = 20;
const batches = fc
  .array(documents, { minLength: BATCH, maxLength: BATCH })
  .map((list): JsonObject =>
    Object.fromEntries(list.map((document, index) => [`d${index}`, document])),
  );

const options = (key: TestKey, selector: Selector) => ({
  selector,
  recipients: [key.recipient],
  now: new Date(),
  randomBytes,
});

const flags = (selector: Selector): string[] =>
  Object.entries(selector).flatMap(([name, pattern]) => [`--${name.replace('_', '-')}`, pattern]);

const same = (one: unknown, two: unknown): boolean => JSON.stringify(one) === JSON.stringify(two);

run('sops decrypts what we encrypt, with its MAC, to the same document', async (t) => {
  const key = await makeKey();
  await fc.assert(
    fc.asyncProperty(batches, selectors, async (document, selector) => {
      const text = await encryptYaml(document, options(key, selector));
      const {
        exitCode,
        text: json,
        complaint,
      } = await sops(['decrypt', ...YAML, '--output-type', 'json'], text, key);
      t.is(exitCode, 0, complaint);
      return same(JSON.parse(json), document);
    }),
    { numRuns: runs(12), endOnFailure: true },
  );
});

/** Batches of documents of which no part is refused. */
function batchesWithout(refused: (text: string, isKey: boolean) => boolean) {
  const fits = (value: unknown): boolean => {
    if (typeof value === 'string') return !refused(value, false);
    if (typeof value !== 'object' || value === null) return true;
    const isMap = !Array.isArray(value);
    return Object.entries(value).every(
      ([key, item]) => !(isMap && refused(key, true)) && fits(item),
    );
  };
  const list = fc.array(documents.filter(fits), { minLength: BATCH, maxLength: BATCH });
  return list.map((batch): JsonObject =>
    Object.fromEntries(batch.map((each, index) => [`d${index}`, each])),
  );
}

/** What sops cannot read back itself: LS and PS, which it writes raw, and its wrong indentation indicators. */
const beyondSops = (text: string): boolean =>
  /[\u2028\u2029]|^[ \n][^]*\n|^\n|^\t[^]*\n/u.test(text);

async function bySops(document: JsonObject, selector: Selector, key: TestKey) {
  const args = ['encrypt', ...YAML, '--age', key.recipient, ...flags(selector)];
  return sops(args, emitYaml(document));
}

run('we decrypt what sops encrypts, to the same document', async (t) => {
  const key = await makeKey();
  await fc.assert(
    fc.asyncProperty(batchesWithout(beyondSops), selectors, async (document, selector) => {
      const { text, complaint } = await bySops(document, selector, key);
      t.is(complaint, '');
      return same(await decryptYaml(text, key), document);
    }),
    { numRuns: runs(12), endOnFailure: true },
  );
});

/** Where we quote more than go-yaml does, for the sake of other readers; and what looks like a value's IV. */
const unlikeSops = (text: string, isKey: boolean): boolean =>
  beyondSops(text) || /^[-+.\d_=<eE]|\n\t|ENC\[/u.test(text) || (isKey && /\n/u.test(text));

run('we write a file of sops again byte for byte, given its key, vectors and time', async (t) => {
  const key = await makeKey();
  await fc.assert(
    fc.asyncProperty(batchesWithout(unlikeSops), selectors, async (document, selector) => {
      const { text } = await bySops(document, selector, key);
      t.is(await written(text, document, selector, key), text);
    }),
    { numRuns: runs(12), endOnFailure: true },
  );
});

/** The document by our writer, with data key, vectors, time and age files of a file by sops. */
async function written(
  text: string,
  document: JsonObject,
  selector: Selector,
  key: TestKey,
): Promise<string> {
  const enc = text
    .slice(text.lastIndexOf('\nsops:'))
    .split('\n')
    .map((line) => line.trim())
    .join('\n');
  const file = /-----BEGIN AGE[^]*END AGE ENCRYPTED FILE-----/u.exec(enc)?.[0] ?? '';
  const dataKey = await key.list[0]?.decrypt(armor.decode(file));
  const ivs = Array.from(text.matchAll(/ENC\[AES256_GCM,data:[^,]+,iv:([^,]+),tag/gu), ([, iv]) =>
    Buffer.from(iv ?? '', 'base64'),
  );
  const parts = [dataKey, ...ivs];
  const lastmodified = /lastmodified: "([^"]+)"/u.exec(text)?.[1] ?? '';
  const ours = await encryptYaml(document, {
    selector,
    recipients: [key.recipient],
    now: new Date(lastmodified),
    randomBytes: () => parts.shift() ?? Buffer.alloc(32),
  });
  const age = /(?<=- enc: \|\n)[^]*?(?= +recipient:)/u;
  return ours.replace(age, () => age.exec(text)?.[0] ?? '');
}

run('our bytes are those of sops for a document of the store', async (t) => {
  const key = await makeKey();
  const pem = `-----BEGIN PRIVATE KEY-----\n${'MIIE'.repeat(16)}\nAA==\n-----END PRIVATE KEY-----\n`;
  const document = {
    apiVersion: 'cdk8s-pki/v1',
    kind: 'Certificate',
    name: 'prod/cp-1/apiserver',
    issuer: { keyset: 'prod/ca', id: 'f1b0' },
    issuedAt: '2026-01-02T03:04:05Z',
    policy: { validity: 31536000, ratio: 0.5, automatic: true, none: null, list: ['a', { b: [] }] },
    certificate: pem,
    privateKey: pem,
  };
  for (const selector of [{ encrypted_regex: '^privateKey$' }, { unencrypted_regex: '^kind$' }]) {
    const args = ['encrypt', ...YAML, '--age', key.recipient, ...flags(selector)];
    const { text } = await sops(args, emitYaml(document));
    t.is(await written(text, document, selector, key), text);
  }
});

run('binary: octets go both ways', async (t) => {
  const key = await makeKey();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (content) => {
      const { recipient } = key;
      const ours = await encryptBinary(content, options(key, { encrypted_regex: 'x' }));
      const opened = await sops(['decrypt', ...BINARY], ours, key);
      t.is(opened.exitCode, 0);
      t.deepEqual(opened.bytes, Buffer.from(content));
      const theirs = await sops(['encrypt', ...BINARY, '--age', recipient], content);
      t.deepEqual(Buffer.from(await decryptBinary(theirs.text, key)), Buffer.from(content));
      const shape = (text: string): string =>
        text.replaceAll(/data:.*?\]|BEGIN[^"]*|"20[^"]+"/gu, '…');
      t.is(shape(ours), shape(theirs.text));
    }),
    { numRuns: runs(10) },
  );
});

run(
  'a post-quantum recipient beside a classic one: either opens what the other program wrote',
  async (t) => {
    const [hybrid, classic] = [await makeKey('hybrid'), await makeKey()];
    const selector = { encrypted_regex: '^a$' };
    const recipients = [hybrid.recipient, classic.recipient];
    const ours = await encryptYaml({ a: 'x' }, { ...options(classic, selector), recipients });
    const args = ['encrypt', ...YAML, '--age', recipients.join(','), ...flags(selector)];
    const theirs = (await sops(args, 'a: x\n')).text;
    for (const key of [hybrid, classic]) {
      t.is((await sops(['decrypt', ...YAML], ours, key)).text, 'a: x\n');
      t.deepEqual(await decryptYaml(theirs, key), { a: 'x' });
    }
  },
);

/** YAML as people write it; sops keeps comments and rewrites the rest. */
const BY_HAND = `# head
kind: Secret # inline
numbers: [0777, 0o17, 0b11, 0x1F, 1_000, 08, -.5, 1e3, 1.0, 9007199254740992]
dates: {d: 2026-01-01, t: 2026-01-02T03:04:05.120+02:00, s: 2026-01-02 03:04:05}
words: [yes, No, on, y, True, FALSE, ~, Null, 1:30, "0777", 'true', !!str 5, !!float 5]
base: &base {a: 1, b: [x, y]}
copy: *base
data:
  # a secret comment
  first: one # beside it
  list:
    # in a list
    - a
    - b # beside b
  folded: >
    some words
    folded
  text: |
    line
      indented
  "10": ten
  "9": nine
  empty: ""
  n: 5
  f: 1.5
  t: 2026-01-01
  b: false
`;

run('comments, aliases and every scalar form of go-yaml, under six selectors', async (t) => {
  const key = await makeKey();
  // Comment selectors have no option, only a rule; the last --config counts.
  const folder = await mkdtemp(path.join(tmpdir(), 'cdk8s-pki-sops-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const config = path.join(folder, 'sops.yaml');
  for (const selector of [
    { encrypted_regex: '^(data|numbers|dates|words)$' },
    { encrypted_regex: '^$' },
    { unencrypted_regex: '^(kind|base)$' },
    { encrypted_suffix: 'ta' },
    { unencrypted_suffix: 's' },
    { encrypted_comment_regex: 'secret' },
    { unencrypted_comment_regex: 'in a list' },
    {},
  ])
    for (const mac_only_encrypted of [false, true]) {
      const rule = { age: key.recipient, ...selector, mac_only_encrypted };
      await writeFile(config, JSON.stringify({ creation_rules: [rule] }));
      const encrypted = await sops(['--config', config, 'encrypt', ...YAML], BY_HAND);
      t.is(encrypted.exitCode, 0, encrypted.complaint);
      const plain = await sops(['decrypt', ...YAML, '--output-type', 'json'], encrypted.text, key);
      t.is(plain.exitCode, 0, plain.complaint);
      const rules = JSON.stringify(rule);
      t.deepEqual(await decryptYaml(encrypted.text, key), JSON.parse(plain.text), rules);
    }
});

type Edit = (text: string) => string;

const judged = test.macro<[name: string, edit: Edit, code: string, exitCode: number]>({
  async exec(t, _, edit, code, exitCode) {
    const key = await makeKey();
    const document = { kind: 'Secret', data: { key: 'secret', other: 'x' } };
    const text = await encryptYaml(document, options(key, { encrypted_regex: '^data$' }));
    const edited = edit(text);
    t.not(edited, text);
    t.is((await sops(['decrypt', ...YAML], edited, key)).exitCode, exitCode);
    t.is((await rejected(decryptYaml(edited, key, { recipients: [key.recipient] }))).code, code);
  },
  title: (_, name, __, code, exitCode) => `${name}: ${code} to us, exit status ${exitCode} to sops`,
});

if (requireTools(['sops'])) {
  test(judged, 'a clear value edited', (text) => text.replace('Secret', 'secret'), 'ERR_MAC', 51);
  test(judged, 'a clear value added', (text) => `a: b\n${text}`, 'ERR_MAC', 51);
  test(
    judged,
    'an encrypted key renamed',
    (text) => text.replace('key: E', 'k: E'),
    'ERR_DECRYPT',
    25,
  );
  test(
    judged,
    'a tag cut short',
    (text) => text.replace(/(key: .*tag:)[^,]+/u, '$1AAAAAA=='),
    'ERR_SOPS_FORMAT',
    25,
  );
  test(
    judged,
    'an encrypted value replaced by a clear one',
    (text) => text.replace(/key: .*/u, 'key: secret'),
    'ERR_SOPS_FORMAT',
    25,
  );
  test(
    judged,
    'another lastmodified',
    (text) => text.replace(/(lastmodified: ")..../u, '$11999'),
    'ERR_MAC',
    51,
  );
  // sops trusts the list of recipients, and "sops rotate" would hand this one the new data key.
  test(
    judged,
    'a planted recipient',
    (text) =>
      text.replace('age:\n', `age:\n        - {enc: x, recipient: age1${'q'.repeat(58)}}\n`),
    'ERR_UNKNOWN_RECIPIENT',
    0,
  );
}
