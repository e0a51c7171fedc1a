import process from 'node:process';
import test from 'ava';
import { pooledRandomBytes } from '../../../../src/commands/pipeline/ports.ts';

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

test('pooledRandomBytes: as many as are asked for, no octets twice', (t) => {
  const draw = pooledRandomBytes();
  const sizes = [0, 1, 12, 32, 4095, 4096, 4097, 20, 4090, 32];
  t.deepEqual(
    sizes.map((size) => draw(size).length),
    sizes,
  );
  for (const size of [-1, Number.NaN]) t.throws(() => draw(size), { instanceOf: RangeError });
  const values = Array.from({ length: 10_000 }, () => draw(16));
  const before = values.map(hex);
  t.is(new Set(before).size, values.length);
  t.deepEqual(values.map(hex), before); // what is drawn later overwrites nothing
  t.false(before.some((value) => value.includes('0000000000000000')));
});

test('pooledRandomBytes: what was given is in the pool no longer', (t) => {
  const pool = new Uint8Array(64);
  const draw = pooledRandomBytes(pool);
  const given = [draw(24), draw(24)];
  t.deepEqual(pool.subarray(0, 48), new Uint8Array(48));
  t.false(given.some((octets) => octets.every((octet) => octet === 0)));
});

test('pooledRandomBytes: each value is outside of the heap, where wiping it leaves no copy', (t) => {
  const draw = pooledRandomBytes();
  const before = process.memoryUsage().arrayBuffers;
  const values = Array.from({ length: 100_000 }, () => draw(32));
  // 3.2 million octets, less what other tests left behind and is collected meanwhile
  t.true(process.memoryUsage().arrayBuffers - before >= values.length * 16);
});
