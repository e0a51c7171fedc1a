import test from 'ava';
import {
  compileSelector,
  selectorOf,
  type SelectorName,
} from '../../../../src/sops/document/selector.ts';
import { thrown } from '../_keys.ts';

const selects = test.macro<
  [name: SelectorName, pattern: string, path: readonly string[], expected: boolean | null]
>({
  exec(t, name, pattern, path, expected) {
    t.is(compileSelector({ name, pattern })(path), expected);
  },
  title: (_, name, pattern, path, expected) =>
    `compileSelector: ${name} ${pattern} ${expected === null ? 'leaves open' : expected ? 'encrypts' : 'does not encrypt'} ${path.join('.')}`,
});

test(selects, 'encrypted_regex', '^(data|stringData)$', ['data', 'x'], true);
test(selects, 'encrypted_regex', '^(data|stringData)$', ['metadata', 'annotations', 'data'], true);
test(selects, 'encrypted_regex', '^(data|stringData)$', ['metadata', 'name'], false);
test(selects, 'encrypted_regex', 'key', ['privatekeys'], true);
test(selects, 'encrypted_regex', String.raw`^tls\.key$`, ['tls.key'], true);
test(selects, 'encrypted_regex', String.raw`^tls\.key$`, ['tlsxkey'], false);
test(selects, 'encrypted_regex', '^a.b$', ['a\rb'], true); // RE2's dot is all but \n
test(selects, 'encrypted_regex', '^a.b$', ['a\nb'], false);
test(selects, 'encrypted_regex', '^[a-c_.-]+$', ['a-c.b'], true);
test(selects, 'encrypted_regex', String.raw`^[^\]x]{2}$`, ['ab'], true);
test(selects, 'encrypted_regex', String.raw`^\d\w?\-$`, ['1-'], true);
test(selects, 'unencrypted_regex', '^(kind|metadata)$', ['metadata', 'name'], false);
test(selects, 'unencrypted_regex', '^(kind|metadata)$', ['data', 'name'], true);
test(selects, 'encrypted_suffix', '_enc', ['a_enc', 'b'], true);
test(selects, 'encrypted_suffix', '_enc', ['a'], false);
test(selects, 'unencrypted_suffix', '_unencrypted', ['a_unencrypted', 'b'], false);
test(selects, 'unencrypted_suffix', '_unencrypted', ['a'], true);
test(selects, 'encrypted_comment_regex', 'sops:enc', ['a'], null);
test(selects, 'unencrypted_comment_regex', 'sops:clear', ['a'], null);

const refuses = test.macro<[pattern: string]>({
  exec(t, pattern) {
    t.deepEqual(
      thrown(() => compileSelector({ name: 'encrypted_regex', pattern })),
      {
        code: 'ERR_SOPS_FORMAT',
        message: `the selector "${pattern}" is not one that can be evaluated here`,
      },
    );
  },
  title: (_, pattern) => `compileSelector: refuses ${pattern}`,
});

// Other meaning in ECMAScript, or backtracking without end.
for (const pattern of [
  '(?i)data',
  '(?P<x>a)',
  '(?=a)',
  '(?<=a)b',
  String.raw`(a)\1`,
  '(a+)+$',
  'a*a*b',
  'a?a?a?aaa',
  '(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)b',
  '(a|b)*c',
])
  test(refuses, pattern);
for (const pattern of [
  String.raw`\s`,
  String.raw`\bdata`,
  String.raw`\p{L}`,
  '[[:alpha:]]',
  '[a',
  'a**',
  '(a',
  'a)',
])
  test(refuses, pattern);

test('selectorOf: no selector is the default of sops', (t) => {
  t.deepEqual(selectorOf({ encrypted_regex: '' }), {
    name: 'unencrypted_suffix',
    pattern: '_unencrypted',
  });
});

test('selectorOf: two selectors are an error, as for sops', (t) => {
  t.deepEqual(
    thrown(() => selectorOf({ encrypted_regex: 'a', unencrypted_suffix: 'b' })),
    {
      code: 'ERR_SOPS_FORMAT',
      message: 'its "sops" block has more than one selector: unencrypted_suffix, encrypted_regex',
    },
  );
});
