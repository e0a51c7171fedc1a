import test from 'ava';
import fc from 'fast-check';
import { FAILSAFE_SCHEMA, load } from 'js-yaml';
import { parseSubset } from '../../../../src/observe/source/subset.ts';
import { store } from '../../../_helpers/store.ts';

const documents = store()
  .paths(/\/pki\/.*\.yaml$/u)
  .map((path) => store().text(path));

/** What js-yaml says: the mapping, or undefined where it is none, or not YAML. */
function judge(text: string): unknown {
  try {
    const value: unknown = load(text, { schema: FAILSAFE_SCHEMA });
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

test('parseSubset: reads every document of a store as js-yaml does', (t) => {
  t.true(documents.length > 10);
  for (const text of documents) {
    const value = parseSubset(text);
    t.truthy(value, text);
    t.deepEqual(value as unknown, judge(text));
  }
});

/** Texts that YAML reads otherwise than line by line, or not at all. */
const OUTSIDE = [
  'a: b: c\n',
  'a: b #c\n',
  'a: b\n c\n',
  'a: b\na: c\n',
  'a: "b\\n"\n',
  "a: 'b'\n",
  'a: &x b\n',
  'a: *x\n',
  'a: !!str b\n',
  'a: [b]\n',
  'a: {b: c}\n',
  'a: >\n  b\n',
  'a: |-\n  b\n',
  'a: |\n  b\n\n  c\n',
  'a: |\nb: c\n',
  'a:\n',
  'a:\nb: c\n',
  'a: b\n  - c: d\n',
  'a: b\n- c: d\n',
  'a:\n- b: c\n  - d: e\n',
  'a:\n  - b\n',
  'a:\n  - - b: c\n',
  'a: b\n---\nc: d\n',
  '---\na: b\n',
  'a: b\n...\n',
  '# x\na: b\n',
  'a: b\n\n',
  'a: b',
  'a: b\r\n',
  'a:\tb\n',
  'a: b \n',
  'a: é\n',
  'a: b:\n',
  '? a\n: b\n',
  '<<: a\n',
  '__proto__: a\n',
  ' a: b\nc: d\n',
  'a:\n   b: c\n  d: e\n',
  '',
  '\n',
];

for (const text of OUTSIDE) {
  test(`parseSubset: leaves ${JSON.stringify(text)} to js-yaml`, (t) => {
    t.is(parseSubset(text), undefined);
  });
}

test('parseSubset: lists of mappings, at the indent of their key as well', (t) => {
  const texts = [
    'a:\n- b: c\n  d: |\n    e\n- b: f\ng: h\n',
    'a:\n  - b: c\n    d: "x y"\n  - b: f\n',
  ];
  for (const text of texts) {
    const value = parseSubset(text);
    t.truthy(value);
    t.deepEqual(value as unknown, judge(text));
  }
});

test('parseSubset: whatever it reads, js-yaml reads the same', (t) => {
  const piece = fc.constantFrom(
    ...[
      'a',
      'b:',
      'c: ',
      '- ',
      '-',
      ' ',
      '  ',
      '\n',
      '\n',
      '|',
      '"',
      "'",
      '#',
      ':',
      'x y',
      '{',
      ']',
    ],
    ...[
      '~',
      'null',
      '1',
      '0x1',
      '\t',
      '&a',
      '*a',
      '!',
      '%',
      '---',
      '...',
      '>',
      '?',
      '<<',
      ',',
      '\\',
    ],
  );
  const noise = fc.array(piece, { maxLength: 12 }).map((pieces) => `${pieces.join('')}\n`);
  const damaged = fc
    .tuple(fc.constantFrom(...documents), fc.nat(), fc.nat({ max: 4 }), noise)
    .map(([text, place, length, put]) => {
      const at = place % text.length;
      return text.slice(0, at) + put.trimEnd() + text.slice(at + length);
    });
  let read = 0;
  fc.assert(
    fc.property(fc.oneof(noise, damaged), (text) => {
      const value = parseSubset(text);
      if (value === undefined) return;
      read += 1;
      t.deepEqual(value as unknown, judge(text), text);
    }),
    { numRuns: process.env.SLOW === '1' ? 200_000 : 3000 },
  );
  t.true(read > 100, `${read} were read`);
});
