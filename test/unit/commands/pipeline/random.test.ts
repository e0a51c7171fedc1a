import test from 'ava';
import { pooledRandomBytes } from '../../../../src/commands/pipeline/ports.ts';

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

test('pooledRandomBytes: as many as are asked for, no octets twice, and none left where they were', (t) => {
  const draw = pooledRandomBytes();
  const sizes = [0, 1, 12, 32, 4095, 4096, 4097, 20, 4090, 32];
  t.deepEqual(
    sizes.map((size) => draw(size).length),
    sizes,
  );
  const values = Array.from({ length: 10_000 }, () => draw(16));
  const before = values.map(hex);
  t.is(new Set(before).size, values.length);
  t.deepEqual(values.map(hex), before); // what is drawn later overwrites nothing
  t.false(before.some((value) => value.includes('0000000000000000')));
  for (const value of values.slice(0, 2)) t.is(value.buffer.byteLength, 16); // wiping one leaves the others
});
