import test from 'ava';
import { splitWords } from '../../../../src/sops/age/shlex.ts';

const splits = test.macro<[command: string, words: readonly string[] | undefined]>({
  exec(t, command, words) {
    t.deepEqual(splitWords(command), words as string[] | undefined);
  },
  title: (_, command) => `splitWords: ${JSON.stringify(command)}`,
});

test(splits, '', []);
test(splits, '  a\tb\nc ', ['a', 'b', 'c']);
test(splits, `pass show "age key" 'a "b"'`, ['pass', 'show', 'age key', 'a "b"']);
test(splits, String.raw`a\ b "x\"y\n" '\n'`, ['a b', 'x"yn', String.raw`\n`]);
test(splits, `a"b"'c'd ""`, ['abcd', '']);
test(splits, 'a # comment\nb a#c', ['a', 'b', 'a#c']);
test(splits, '$HOME `x` a;b|c', ['$HOME', '`x`', 'a;b|c']);
test(splits, '"open', undefined);
test(splits, "x'open", undefined);
test(splits, 'a \\', undefined);
