import { createSecretKey, randomBytes } from 'node:crypto';
import test from 'ava';
import { wrapDataKey } from '../../../src/sops/age/data-key.ts';
import { decryptYaml } from '../../../src/sops/decrypt.ts';
import { Mac } from '../../../src/sops/document/mac.ts';
import { sealValue } from '../../../src/sops/document/value.ts';
import { encryptYaml } from '../../../src/sops/encrypt.ts';
import { makeKey, rejected, type TestKey } from './_keys.ts';

type Seal = (plaintext: string | Uint8Array, type: string, path: string) => string;

interface Parts {
  /** The document before its `sops` block. */
  readonly body: (seal: Seal) => string;
  /** Leaves in order, with whether they are encrypted. */
  readonly leaves: readonly (readonly [string | Uint8Array, boolean])[];
  readonly fields?: string;
  readonly encryptedOnly?: boolean;
  readonly lastmodified?: readonly [written: string, byGo: string];
}

/** A file with what our writer never writes, put together from its parts in the order of sops 3.12. */
async function makeFile(key: TestKey, parts: Parts): Promise<string> {
  const dataKey = randomBytes(32);
  const secret = createSecretKey(dataKey);
  const seal: Seal = (plaintext, type, path) =>
    sealValue(plaintext, type, secret, path, randomBytes(32));
  const mac = new Mac(parts.encryptedOnly);
  for (const [leaf, encrypted] of parts.leaves) mac.update(leaf, encrypted);
  const [entry] = await wrapDataKey(dataKey, [key.recipient], randomBytes);
  const [written, byGo] = parts.lastmodified ?? ['"2026-01-02T03:04:05Z"', '2026-01-02T03:04:05Z'];
  return `${parts.body(seal)}
sops:
    kms: []
    pgp: []
    age:
        - recipient: ${key.recipient}
          enc: ${JSON.stringify(entry?.enc)}
    lastmodified: ${written}
    mac: ${mac.seal(secret, byGo, randomBytes(32))}
    ${parts.fields ?? 'encrypted_regex: ^data$'}
    version: 3.8.1
`;
}

const reads = test.macro<[name: string, parts: Parts, expected: unknown]>({
  async exec(t, _, parts, expected) {
    const key = await makeKey();
    t.deepEqual(await decryptYaml(await makeFile(key, parts), key), expected as object);
  },
  title: (_, name) => `decryptYaml: reads ${name}`,
});

const refuses = test.macro<[name: string, parts: Parts, code: string, message: string]>({
  async exec(t, _, parts, code, message) {
    const key = await makeKey();
    t.deepEqual(await rejected(decryptYaml(await makeFile(key, parts), key)), { code, message });
  },
  title: (_, name) => `decryptYaml: refuses ${name}`,
});

test(
  reads,
  'encrypted comments, which are items of their own in lists',
  {
    body: (seal) =>
      `data:\n    #${seal(' x', 'comment', 'data:')}\n    list:\n        - ${seal(' y', 'comment', 'data:list:')}\n        - ${seal('a', 'str', 'data:list:')}`,
    leaves: [['a', true]],
  },
  { data: { list: ['a'] } },
);
test(
  reads,
  'every type',
  {
    body: (seal) =>
      [
        ['i', '-5', 'int'],
        ['f', '1.5', 'float'],
        ['b', 'True', 'bool'],
        ['t', '2026-01-02T03:04:05.1Z', 'time'],
        ['y', 'old', 'bytes'],
      ]
        .map(
          ([name = '', text = '', type = '']) =>
            `    ${name}: ${seal(text, type, `data:${name}:`)}`,
        )
        .join('\n')
        .replace(/^/u, 'data:\n'),
    leaves: [
      ['-5', true],
      ['1.5', true],
      ['True', true],
      ['2026-01-02T03:04:05.1Z', true],
      ['old', true],
    ],
  },
  { data: { i: -5, f: 1.5, b: true, t: '2026-01-02T03:04:05.1Z', y: 'old' } },
);

const ONLY_ENCRYPTED: Parts = {
  body: (seal) => `kind: x\ndata: ${seal('a', 'str', 'data:')}`,
  leaves: [
    ['x', false],
    ['a', true],
  ],
  fields: 'encrypted_regex: ^data$\n    mac_only_encrypted: true',
  encryptedOnly: true,
};
test(reads, 'a MAC over encrypted values alone', ONLY_ENCRYPTED, { kind: 'x', data: 'a' });

test('Mac: a MAC over encrypted values alone never equals one over all', (t) => {
  const dataKey = randomBytes(32);
  const [all, encryptedOnly] = [new Mac(), new Mac(true)];
  for (const mac of [all, encryptedOnly]) mac.update('a', true);
  const sealed = all.seal(createSecretKey(dataKey), 'x', randomBytes(32));
  t.throws(() => {
    encryptedOnly.check(sealed, dataKey, 'x');
  });
});

test(
  reads,
  'a comment selector, by the form of each value',
  {
    body: (seal) => `# enc\na: ${seal('x', 'str', 'a:')}\nb: y`,
    leaves: [
      ['x', true],
      ['y', false],
    ],
    fields: 'encrypted_comment_regex: enc',
  },
  { a: 'x', b: 'y' },
);
test(
  reads,
  'a lastmodified with a fraction and an offset, which Go drops and keeps',
  {
    body: () => 'a: b',
    leaves: [['b', false]],
    lastmodified: ['2026-01-02T03:04:05.678+02:00', '2026-01-02T03:04:05+02:00'],
  },
  { a: 'b' },
);
test(
  refuses,
  'octets that are not UTF-8',
  {
    body: (seal) => `data: ${seal(Uint8Array.of(0xff), 'str', 'data:')}`,
    leaves: [[Uint8Array.of(0xff), true]],
  },
  'ERR_SOPS_FORMAT',
  '"data" holds octets that are not UTF-8',
);
test(
  refuses,
  'an encrypted integer that a JSON number does not hold',
  {
    body: (seal) => `data: ${seal('9007199254740993', 'int', 'data:')}`,
    leaves: [['9007199254740993', true]],
  },
  'ERR_SOPS_FORMAT',
  '"data" is of type "int" with a value that cannot be held exactly',
);
test(
  refuses,
  'an unknown type',
  { body: (seal) => `data: ${seal('x', 'blob', 'data:')}`, leaves: [['x', true]] },
  'ERR_SOPS_FORMAT',
  '"data" is of type "blob" with a value that cannot be held exactly',
);

test('encryptYaml: the selector stands where the alphabet puts it', async (t) => {
  const { recipient } = await makeKey();
  const options = { recipients: [recipient], now: new Date(0), randomBytes };
  const names = async (selector: Parameters<typeof encryptYaml>[1]['selector']) =>
    Array.from(
      (await encryptYaml({ a: '' }, { selector, ...options })).matchAll(/^ {4}(\w+):/gmu),
      ([, name]) => name,
    );
  t.deepEqual(await names({ encrypted_regex: 'x' }), [
    'age',
    'encrypted_regex',
    'lastmodified',
    'mac',
    'version',
  ]);
  t.deepEqual(await names({ unencrypted_regex: 'x' }), [
    'age',
    'lastmodified',
    'mac',
    'unencrypted_regex',
    'version',
  ]);
});
