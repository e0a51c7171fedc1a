import test from 'ava';
import { etcdStarts } from '../../../src/plan/etcd-starts.ts';
import { bundle, members as text, start } from '../../_helpers/etcd.ts';

test('etcdStarts: members of a new cluster start together', (t) => {
  const starts = etcdStarts([bundle(1), bundle(2), bundle(3)], new Map());
  t.deepEqual([...starts.values()], Array(3).fill(start(text(1, 2, 3))));
});

test('etcdStarts: nodes without a member have none', (t) => {
  t.is(etcdStarts([{ node: 'cp-1', etcdMember: null }], new Map()).size, 0);
});

test('etcdStarts: a later member joins, one after the other, and changes no manifest', (t) => {
  const observed = new Map([
    ['cp-1', start(text(1, 2))],
    ['cp-2', start(text(1, 2))],
  ]);
  const starts = etcdStarts([bundle(4), bundle(1), bundle(3), bundle(2)], observed);
  t.deepEqual(Object.fromEntries(starts), {
    'cp-1': start(text(1, 2)),
    'cp-2': start(text(1, 2)),
    'cp-4': start(text(1, 2, 4), 'existing'),
    'cp-3': start(text(1, 2, 4, 3), 'existing'),
  });
});

test('etcdStarts: a removed member changes no other’s manifest, and is not joined any more', (t) => {
  const observed = new Map([
    ['cp-1', start(text(1, 2, 3))],
    ['cp-3', start(text(1, 2, 3))],
  ]);
  const starts = etcdStarts([bundle(1), bundle(3), bundle(4)], observed);
  t.deepEqual(starts.get('cp-1'), start(text(1, 2, 3)));
  t.deepEqual(starts.get('cp-4'), start(text(1, 3, 4), 'existing'));
});

test('etcdStarts: a member with another address joins again, and changes no other’s manifest', (t) => {
  const observed = new Map([
    ['cp-1', start(text(1, 2))],
    ['cp-2', start(`${text(1)},cp-2=https://10.9.9.9:2380`)],
  ]);
  const starts = etcdStarts([bundle(1), bundle(2)], observed);
  t.deepEqual(starts.get('cp-1'), start(text(1, 2)));
  t.deepEqual(starts.get('cp-2'), start(text(1, 2), 'existing'));
});
