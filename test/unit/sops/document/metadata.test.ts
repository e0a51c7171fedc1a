import test from 'ava';
import { readMetadata } from '../../../../src/sops/document/metadata.ts';
import { thrown } from '../_keys.ts';

type Fields = Record<string, unknown>;

const GOOD: Fields = {
  kms: [],
  pgp: null,
  age: [{ recipient: 'age1x', enc: 'file' }],
  lastmodified: '2026-01-02T03:04:05Z',
  mac: 'ENC[…]',
  unencrypted_regex: '^kind$',
  mac_only_encrypted: true,
  version: '3.8.1',
};

const binary = (sops: unknown): string => JSON.stringify({ data: '', sops });
const yaml = (sops: unknown): string => `a: 1\nsops: ${JSON.stringify(sops)}\n`;

test('readMetadata: reads what an older sops wrote, empty lists and all', (t) => {
  const { recipients, lastmodified, mac, selector, macOnlyEncrypted } = readMetadata(
    yaml(GOOD),
    'yaml',
  );
  t.deepEqual(recipients, ['age1x']);
  t.is(lastmodified, '2026-01-02T03:04:05Z');
  t.is(mac, 'ENC[…]');
  t.deepEqual(selector, { name: 'unencrypted_regex', pattern: '^kind$' });
  t.true(macOnlyEncrypted);
});

test('readMetadata: binary has no selector and is never partly covered by the MAC', (t) => {
  const { selector, macOnlyEncrypted } = readMetadata(binary(GOOD), 'binary');
  t.is(selector, null);
  t.false(macOnlyEncrypted);
});

test('readMetadata: an unquoted lastmodified is accepted', (t) => {
  const text =
    'sops: {age: [{recipient: r, enc: e}], lastmodified: 2026-01-02T03:04:05Z, mac: m, version: 3.13.3}';
  t.is(readMetadata(text, 'yaml').lastmodified, '2026-01-02T03:04:05Z');
});

const refuses = test.macro<[name: string, sops: Fields | undefined, message: string]>({
  exec(t, _, sops, message) {
    for (const read of [
      () => readMetadata(yaml(sops), 'yaml'),
      () => readMetadata(binary(sops), 'binary'),
    ])
      t.deepEqual(thrown(read), { code: 'ERR_SOPS_FORMAT', message });
  },
  title: (_, name) => `readMetadata: refuses ${name}`,
});

const without = (name: string): Fields =>
  Object.fromEntries(Object.entries(GOOD).filter(([key]) => key !== name));

test(refuses, 'no "sops" block', undefined, 'it has no "sops" block: it is not encrypted');
for (const name of ['mac', 'lastmodified', 'version'])
  test(refuses, `no ${name}`, without(name), `"sops.${name}" is missing`);
test(refuses, 'no recipients', without('age'), 'its "sops" block names no recipients');
test(refuses, 'a mac that is no text', { ...GOOD, mac: 5 }, '"sops.mac" is not a string');
test(
  refuses,
  'an age list of text',
  { ...GOOD, age: ['age1x'] },
  '"sops.age" is not a list of keys',
);
test(
  refuses,
  'an age entry without a file',
  { ...GOOD, age: [{ recipient: 'r' }] },
  '"sops.age.enc" is missing',
);
test(
  refuses,
  'a lastmodified that is no time',
  { ...GOOD, lastmodified: 'x' },
  '"sops.lastmodified" is not an RFC 3339 time',
);
test(
  refuses,
  'a version of two numbers',
  { ...GOOD, version: '3.9' },
  '"sops.version" is not a version',
);
test(
  refuses,
  'a further PGP key',
  { ...GOOD, pgp: [{ fp: 'ABCD', enc: 'e' }] },
  'its data key is encrypted by pgp, which only the sops program can open',
);
test(
  refuses,
  'key groups',
  { ...GOOD, age: [], key_groups: [{ age: [{ recipient: 'age1y' }], kms: [{ arn: 'a' }] }] },
  'its data key is encrypted by key_groups, kms, which only the sops program can open',
);

test('readMetadata: with the program, every key counts as a recipient', (t) => {
  const sops = {
    ...GOOD,
    pgp: [{ fp: 'ABCD', enc: 'e' }],
    key_groups: [{ age: [{ recipient: 'age1y' }], kms: [{ arn: 'arn:x' }] }],
  };
  t.deepEqual(readMetadata(yaml(sops), 'yaml', { program: true }).recipients, [
    'age1x',
    'age1y',
    'arn:x',
    'ABCD',
  ]);
});

test('readMetadata: text that does not parse is refused without quoting it', (t) => {
  t.deepEqual(
    thrown(() => readMetadata('password: "hunter2', 'yaml')),
    { code: 'ERR_SOPS_FORMAT', message: 'it is not valid YAML' },
  );
  t.deepEqual(
    thrown(() => readMetadata('{"hunter2', 'binary')),
    { code: 'ERR_SOPS_FORMAT', message: 'it is not valid JSON' },
  );
});
