import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { selected } from '../../src/model/selection.ts';
import { nativeCipher, type Cipher } from '../../src/sops/cipher.ts';
import { MemoryTree, newIdentity, synth } from '../_helpers/repository.ts';
import { randomFleet, unitsOf } from '../_helpers/random-fleet.ts';
import { seeded } from '../_helpers/seeded.ts';

const identity = await newIdentity();
const real = nativeCipher({ list: [identity], unusable: [] });

/** age's ephemeral keys are random wherever they come from: here only what goes into the cipher counts, which is written down hashed. */
const digest = (content: unknown): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('hex');
const cipher: Cipher = {
  ...real,
  encryptYaml: (document, { selector, recipients }) =>
    Promise.resolve(digest([document, selector, recipients])),
  encryptBinary: (content, { recipients }) =>
    Promise.resolve(digest([Buffer.from(content).toString('hex'), recipients])),
};

const options = { identity, cipher, entropy: seeded };

test('property: with clock, randomness and keys given, what shards make one after the other is byte for byte the whole', async (t) => {
  const few = fc.integer({ min: 1, max: 4 });
  await fc.assert(
    fc.asyncProperty(randomFleet, few, async (random, total) => {
      const units = unitsOf(
        random.map((cluster) => ({ ...cluster, usesShared: false, usesNeighbour: false })),
        [identity.recipient],
      );
      const whole = new MemoryTree();
      await synth(whole, { units, ...options });
      const names = units.flatMap(({ clusters }) => clusters.map(({ name }) => name));
      const shared = new MemoryTree();
      for (let index = 1; index <= total; index += 1) {
        const select = selected({ shard: { index, total } }, names);
        await synth(shared, { units, select, ...options });
      }
      t.deepEqual(shared.contents(), whole.contents());
      t.true(whole.paths().length > names.length);
    }),
    { numRuns: 20 },
  );
});

test('property: nor does it depend on which other clusters a run is about', async (t) => {
  const units = unitsOf(
    ['a', 'b'].map(() => ({
      nodes: 1,
      webs: 1,
      hasSubordinate: true,
      hasServiceAccountKey: true,
      hasKubeconfig: true,
      hasCaKeyOnNodes: true,
      usesShared: false,
      usesNeighbour: false,
      sans: [],
    })),
    [identity.recipient],
  );
  const both = new MemoryTree();
  await synth(both, { units, ...options });
  const one = new MemoryTree();
  await synth(one, { units, select: ([name]) => name === 'c1', ...options });
  const ofOne = (tree: MemoryTree): string[] => tree.paths(/^deploy\/c1\//u);
  t.deepEqual(ofOne(one), ofOne(both));
  for (const path of ofOne(one)) t.is(one.text(path), both.text(path), path);
});
