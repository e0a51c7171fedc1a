import test from 'ava';
import { parseYaml, toJson } from '../../../../src/sops/document/parse.ts';
import { thrown } from '../_keys.ts';

const refuses = test.macro<[text: string, message: string]>({
  exec(t, text, message) {
    t.deepEqual(
      thrown(() => parseYaml(text)),
      { code: 'ERR_SOPS_FORMAT', message },
    );
  },
  title: (_, text) => `parseYaml: refuses ${JSON.stringify(text)}`,
});

test(refuses, 'a: 1\n---\nb: 2\n', 'it is not one YAML document: MULTIPLE_DOCS in line 2');
test(refuses, 'a: 1\na: 2\n', 'it is not one YAML document: DUPLICATE_KEY in line 2');
test(refuses, '"<<": 1\n!!merge <<: 2\n', '"" has the same key twice');
test(refuses, 'a: &x 1\nb: *x\n', '"b" is an alias, which sops never writes');
test(refuses, '- a\n', 'it is not a YAML mapping');
test(refuses, '', 'it is not a YAML mapping');
test(refuses, '1: a\n', '"" has a key that is not a string');
test(refuses, 'a:\n    ? [b]\n    : c\n', '"a" has a key that is not a string');
test(refuses, 'a: .inf\n', '"a" is a value that JSON or sops cannot hold exactly');
test(refuses, 'a: !!binary aGk=\n', '"a" is a value that JSON or sops cannot hold exactly');
test(refuses, 'a: !!int x\n', '"a" is a value that JSON or sops cannot hold exactly');
test(
  refuses,
  "a: 'x\u2028    y'\n",
  'it holds a raw NEL, LS or PS, which YAML 1.1 and 1.2 read differently',
);

test('parseYaml: an error names the line and never quotes the text', (t) => {
  const { message } = thrown(() => parseYaml('password: "hunter2\n'));
  t.notRegex(message, /hunter2/u);
});

test('parseYaml: tags, quotes and the merge key are read as go-yaml reads them', (t) => {
  const text = `a: !!str 5\nb: !!float 5\nc: "0777"\nd: 0777\ne: '~'\nf: ~\n!!merge <<: x\ng: yes\n`;
  t.deepEqual(toJson(parseYaml(text)), {
    a: '5',
    b: 5,
    c: '0777',
    d: 511,
    e: '~',
    f: null,
    '<<': 'x',
    g: 'yes',
  });
});

test('parseYaml: entries keep their order, integer-like keys too', (t) => {
  const { entries } = parseYaml('"10": a\n"9": b\n__proto__: c\n');
  t.deepEqual(
    entries.map(([key]) => key),
    ['10', '9', '__proto__'],
  );
});
