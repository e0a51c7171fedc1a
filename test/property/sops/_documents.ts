import fc from 'fast-check';
import type { JsonObject } from '../../../src/sops/encrypt.ts';

/** Texts that one YAML reader or another takes for something else. */
const ZOO = [
  ...['', ' ', '~', 'null', 'Null', 'true', 'False', 'yes', 'No', 'on', 'OFF', 'y', 'N', '<<', '='],
  ...[
    '0',
    '-0',
    '+1',
    '0777',
    '08',
    '0o17',
    '0b11',
    '0x1F',
    '1_000',
    '_1',
    '1e400',
    '.5',
    '5.',
    '1e3',
  ],
  ...[
    '12345678901234567890',
    '0x12345678901234567',
    '.inf',
    '.NaN',
    '1:30',
    '1:30:00.5',
    '.',
    '-',
    '+',
  ],
  ...[
    '2026-01-01',
    '2026-01-01T00:00:00Z',
    '2026-1-2 3:4:5',
    '2026-02-30',
    'a: b',
    'a:',
    ':',
    '- x',
    '-',
  ],
  ...[
    '?',
    '? x',
    '#',
    'a #b',
    'a#b',
    '[x]',
    '{x}',
    ', x',
    '&a',
    '*a',
    '!t',
    '!!str x',
    '|',
    '>',
    '%d',
    '@',
    '`',
  ],
  ...[
    "'",
    "it's",
    "''",
    '"',
    '\\',
    '\\n',
    '---',
    '...',
    '--- x',
    ' lead',
    'trail ',
    'tab\tx',
    '\t',
    ' #x',
  ],
  ...[
    '\n',
    '\n\n',
    'a\n',
    'a\nb',
    'a\n\n',
    '\na',
    '  a\n b\n',
    'a \nb',
    'a\n \nb',
    'a\r\nb',
    '\r',
    'a\tb\n',
    '#a\nb',
  ],
  ...[
    '\0',
    '\x07',
    '\x1b',
    '\x7f',
    '\x85',
    '\xa0',
    '\u2028',
    'x\u2029y',
    '\ufeff',
    '\ufffd',
    '\uffff',
    '\u{1f600}',
  ],
  ...[
    'ENC[AES256_GCM,data:x]',
    'ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]',
    'sops',
    '__proto__',
  ],
  ...['-----BEGIN X-----\nAAAA\n-----END X-----\n', 'x'.repeat(130), `${'word '.repeat(40)}end`],
];

export const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...ZOO) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 40 }) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.constantFrom('a', ' ', '\n', '\t', ':', '#', '-', "'", '"', '1', '\u2028', 'é'), {
        maxLength: 10,
      })
      .map((parts) => parts.join('')),
  },
);

const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, 1e21, 1e-7, 123456.5, 1234567.5, 2 ** 60, -(2 ** 63), 2 ** 63, 5e-324),
);

const leaf = fc.oneof({ weight: 6, arbitrary: text }, number, fc.boolean(), fc.constant(null));

const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('data', 'key', 'kind', 'b', 'list', '10', '9') },
  { weight: 1, arbitrary: text },
);

const { node } = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    { weight: 4, arbitrary: leaf },
    { weight: 1, arbitrary: fc.array(tie('node'), { maxLength: 4 }) },
    {
      weight: 2,
      arbitrary: fc.dictionary(key, tie('node'), { maxKeys: 4, noNullPrototype: true }),
    },
  ),
}));

/** Documents of plain data, as JSON has it: a minus zero is a zero. */
export const documents: fc.Arbitrary<JsonObject> = fc
  .dictionary(key, node, { minKeys: 1, maxKeys: 6, noNullPrototype: true })
  .filter((document) => !Object.hasOwn(document, 'sops'))
  .map((document) => JSON.parse(JSON.stringify(document)) as JsonObject);

export const selectors = fc.constantFrom(
  { encrypted_regex: '^(data|list)$' },
  { encrypted_regex: '^.*$' },
  { unencrypted_regex: '^(kind|b)$' },
  { unencrypted_regex: '^$' },
);

/** More with SLOW=1. */
export const runs = (normal: number): number =>
  process.env['SLOW'] === '1' ? normal * 20 : normal;
