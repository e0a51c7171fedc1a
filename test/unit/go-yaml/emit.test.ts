import test from 'ava';
import { emitYaml } from '../../../src/go-yaml/emit.ts';
import { parseYaml, toJson } from '../../../src/sops/document/parse.ts';

/** A value behind `k:`, as sops 3.13.3 wrote it. */
const emits = test.macro<[value: string, expected: string]>({
  exec(t, value, expected) {
    const text = emitYaml({ k: value });
    t.is(text, `k: ${expected}\n`);
    t.deepEqual(toJson(parseYaml(text)), { k: value });
  },
  title: (_, value) => `emitYaml: ${JSON.stringify(value)} in the style of go-yaml`,
});

test(emits, 'plain words', 'plain words');
test(emits, '', '""');
test(emits, ' x', "' x'");
test(emits, 'x ', "'x '");
test(emits, 'a: b', "'a: b'");
test(emits, 'a:', "'a:'");
test(emits, 'a:b', 'a:b');
test(emits, 'a #b', "'a #b'");
test(emits, 'a#b', 'a#b');
test(emits, '- x', "'- x'");
test(emits, '-x', '-x');
test(emits, '---', "'---'");
test(emits, "it's", "it's");
test(emits, "'it", "'''it'");
test(emits, '[x', "'[x'");
test(emits, '@x', "'@x'");
for (const text of [
  'true',
  'yes',
  'Off',
  'y',
  'null',
  '~',
  '12',
  '0777',
  '1_000',
  '08',
  '.5',
  '1e3',
])
  test(emits, text, `"${text}"`);
for (const text of ['2026-01-01', '2026-01-01T00:00:00Z', '1:30', '0x10', '<<', '=', '.inf'])
  test(emits, text, `"${text}"`);
test(emits, '2026-02-30', '"2026-02-30"'); // a string to go-yaml, a date to YAML 1.1
// Strings to go-yaml, numbers to YAML 1.2.
for (const text of ['1e400', '0x12345678901234567']) test(emits, text, `"${text}"`);
test(emits, 'tab\tx', String.raw`"tab\tx"`);
test(emits, 'bell\x07', String.raw`"bell\a"`);
test(emits, 'nel\x85', String.raw`"nel\N"`);
test(emits, 'ls\u2028', String.raw`"ls\L"`);
test(emits, 'bom\ufeff', String.raw`"bom\uFEFF"`);
test(emits, 'del\x7f', String.raw`"del\x7F"`);
test(emits, 'grin \u{1f600}', String.raw`"grin \U0001F600"`);
test(emits, 'grüße\u00a0x', 'grüße\u00a0x');
test(emits, 'a\nb', '|-\n    a\n    b');
test(emits, 'a\nb\n', '|\n    a\n    b');
test(emits, 'a\n\n', '|+\n    a\n');
test(emits, '\n', '|4+\n');
test(emits, '\na', '|4-\n\n    a');
test(emits, '  a\nb\n', '|4\n      a\n    b');
test(emits, 'a \nb', String.raw`"a \nb"`);
test(emits, 'a\r\nb', String.raw`"a\r\nb"`);
test(emits, '\ta\nb', String.raw`"\ta\nb"`);
test(emits, 'a\tb\n', '|\n    a\tb');

test('emitYaml: nested collections stand where go-yaml puts them at indent 4', (t) => {
  const document = {
    list: ['x', { k: 'v', m: { z: 1 } }, [['p'], ['q', []]], 'l1\nl2\n', '  lead\nx'],
    empty: {},
    none: null,
    n: 1.5,
    large: 1e21,
    small: 1.5e-9,
    million: 1234567.5,
  };
  const text = emitYaml(document);
  t.is(
    text,
    String.raw`list:
    - x
    - k: v
      m:
        z: 1
    - - - p
      - - q
        - []
    - |
      l1
      l2
    - "  lead\nx"
empty: {}
none: null
"n": 1.5
large: 1e+21
small: 1.5e-09
million: 1.2345675e+06
`,
  );
  t.deepEqual(toJson(parseYaml(text)), document);
});

test('emitYaml: a key that is long or of several lines is an explicit key', (t) => {
  const document = {
    ['k'.repeat(129)]: { a: 1, b: 2 },
    'a\rb': ['x', ['y']],
    ['é'.repeat(64)]: 'y',
    '': '',
  };
  const text = emitYaml(document);
  t.is(
    text,
    `? ${'k'.repeat(129)}\n:   a: 1\n    b: 2\n? "a\\rb"\n:   - x\n    - - "y"\n${'é'.repeat(64)}: "y"\n"": ""\n`,
  );
  t.deepEqual(toJson(parseYaml(text)), document);
});

test('emitYaml: a lone surrogate is a programming error, for it has no UTF-8 form', (t) => {
  t.throws(() => emitYaml({ k: '\ud800' }), { instanceOf: TypeError });
  t.throws(() => emitYaml({ '\udfff': 'v' }), { instanceOf: TypeError });
  t.throws(() => emitYaml({ k: NaN }), { instanceOf: TypeError });
});
