import test from 'ava';
import fc from 'fast-check';
import { selected, unmatchedGlob, type Selection } from '../../../src/model/selection.ts';

const NAMES = ['eu-1', 'eu-2', 'us-1', 'us-10', 'us.1', '_shared'];

const of = (selection: Selection, names: readonly string[] = NAMES): string[] => {
  const isSelected = selected(selection, names);
  return names.filter((name) => isSelected([name]));
};

test('selected: all, where nothing is said', (t) => {
  t.deepEqual(of({}), NAMES);
});

test('selected: globs match whole names, and only * and ? mean anything', (t) => {
  t.deepEqual(of({ clusters: ['eu-*'] }), ['eu-1', 'eu-2']);
  t.deepEqual(of({ clusters: ['us?1'] }), ['us-1', 'us.1']);
  t.deepEqual(of({ clusters: ['us.1', '_shared'] }), ['us.1', '_shared']);
  t.deepEqual(of({ clusters: ['[eu]-1', 'eu', '.*'] }), []);
});

test('selected: clusters that belong together are selected by any of them', (t) => {
  t.true(selected({ clusters: ['eu-2'] }, NAMES)(['eu-1', 'eu-2']));
  t.false(selected({ clusters: ['us-*'] }, NAMES)(['eu-1', 'eu-2']));
});

test('selected: shards are runs of the sorted names, in their order', (t) => {
  const shard = (index: number): string[] => of({ shard: { index, total: 3 } }).sort();
  t.deepEqual(
    [shard(1), shard(2), shard(3)],
    [
      ['_shared', 'eu-1'],
      ['eu-2', 'us-1'],
      ['us-10', 'us.1'],
    ],
  );
});

test('selected: shards share what the globs match', (t) => {
  const shard = (index: number): string[] => of({ clusters: ['*-1*'], shard: { index, total: 3 } });
  t.deepEqual([shard(1), shard(2), shard(3)], [['eu-1'], ['us-1'], ['us-10']]);
});

test('property: every unit belongs to exactly one shard, however many there are', (t) => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,4}$/), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(
      names,
      fc.integer({ min: 1, max: 15 }),
      fc.integer({ min: 1, max: 4 }),
      (all, total, size) => {
        const units = Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
          all.slice(index * size, (index + 1) * size),
        );
        for (const unit of units) {
          const owners = Array.from({ length: total }, (_, index) => index + 1).filter((index) =>
            selected({ shard: { index, total } }, all)(unit),
          );
          t.is(owners.length, 1);
        }
      },
    ),
  );
});

test('unmatchedGlob: the first glob that means nothing', (t) => {
  t.is(unmatchedGlob({ clusters: ['eu-*', 'ap-*', 'x'] }, NAMES), 'ap-*');
  t.is(unmatchedGlob({ clusters: ['eu-*'] }, NAMES), undefined);
  t.is(unmatchedGlob({}, []), undefined);
});
