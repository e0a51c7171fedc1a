import test from 'ava';
import { selectionOf } from '../../../../src/commands/input/select.ts';
import { PkiError } from '../../../../src/errors.ts';

type Environment = Readonly<Record<string, string>>;

const gives = test.macro({
  exec(t, shard: string, environment: Environment, index: number, total: number) {
    t.deepEqual(selectionOf({ options: { shard }, environment }), { shard: { index, total } });
  },
  title: (title = '') => `selectionOf: ${title}`,
});

const refuses = test.macro({
  exec(t, shard: string, environment: Environment, message: RegExp) {
    const error = t.throws(() => selectionOf({ options: { shard }, environment }), {
      instanceOf: PkiError,
    });
    t.is(error.code, 'ERR_USAGE');
    t.regex(error.message, message);
    t.true(error.hints.length > 0);
  },
  title: (title = '') => `selectionOf refuses: ${title}`,
});

const GITLAB = { CI_NODE_INDEX: '3', CI_NODE_TOTAL: '5' };
const JOB = { JOB_COMPLETION_INDEX: '0' };

test('a shard, from 1', gives, '2/8', {}, 2, 8);
test('said outright, the environment has no say', gives, '2/8', { ...GITLAB, ...JOB }, 2, 8);
test('auto takes what GitLab says', gives, 'auto', GITLAB, 3, 5);
test('auto/n takes the index of an Indexed Job, from 0', gives, 'auto/8', JOB, 1, 8);
test('auto/n with the index of GitLab', gives, 'auto/5', GITLAB, 3, 5);

test('0 of n', refuses, '0/8', {}, /"0\/8" is not one of the shards/);
test('more than n', refuses, '9/8', {}, /"9\/8" is not one/);
test('none of none', refuses, '0/0', {}, /is not one/);
test('no total', refuses, '2', {}, /"2" is not one/);
test('negative', refuses, '-1/2', {}, /is not one/);
test('a text', refuses, 'all', {}, /is not one/);
test('empty', refuses, '', {}, /is not one/);
test('auto without a word of it', refuses, 'auto', {}, /environment does not say/);
test('auto without a total', refuses, 'auto', JOB, /environment does not say/);
test('auto/n without an index', refuses, 'auto/4', {}, /environment does not say/);
test(
  'an index that is no number',
  refuses,
  'auto',
  { ...GITLAB, CI_NODE_INDEX: 'x' },
  /does not say/,
);
test('an index of a pod beyond n', refuses, 'auto/2', { JOB_COMPLETION_INDEX: '2' }, /is not one/);
