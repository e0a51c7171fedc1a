import process from 'node:process';
import test from 'ava';
import fc from 'fast-check';
import type { CredentialPath } from '../../../src/model/names.ts';
import { identity, KEYSETS, NODES, PROD, type Keyset } from './_control-plane.ts';
import { handshakes } from './_handshakes.ts';
import { accepts, type Moment } from './_judge.ts';
import { momentsOf, SEQUENCES, type Step } from './_moments.ts';

/** A dozen stages must end before the authorities do. */
const DAYS = 60;

interface Turn {
  readonly keyset: Keyset;
  readonly step: Step;
}

/** Every keyset on one of the ways through a rotation, their stages in any order between each other. */
const turns: fc.Arbitrary<readonly Turn[]> = fc
  .tuple(...KEYSETS.map(() => fc.constantFrom(...SEQUENCES)))
  .chain((ways) => {
    const all = KEYSETS.flatMap((keyset, index) => (ways[index] ?? []).map(() => keyset));
    return fc
      .shuffledSubarray(all, { minLength: all.length, maxLength: all.length })
      .map((order) => {
        const left = new Map(KEYSETS.map((keyset, index) => [keyset, [...(ways[index] ?? [])]]));
        return order.flatMap((keyset) => {
          const step = left.get(keyset)?.shift();
          return step === undefined ? [] : [{ keyset, step }];
        });
      });
  });

/** Pairs of moments between which a keyset moves by one stage at most, however many those of the others: each first with the last. */
function pairsOf(order: readonly Turn[], keyset: Keyset): (readonly [number, number])[] {
  const stages = [0];
  for (const turn of order) stages.push((stages.at(-1) ?? 0) + Number(turn.keyset === keyset));
  return stages.map((stage, first) => [first, stages.findLastIndex((other) => other <= stage + 1)]);
}

const nameOf = ({ keyset, step }: Turn): string => `${step.name} ${keyset}`;

test('rotation of several keysets of a cluster at once: whatever the others do, in every mix of adjacent stages everybody is accepted', async (t) => {
  t.timeout(1_200_000);
  await fc.assert(
    fc.asyncProperty(turns, async (order) => {
      const steps = order.map((turn) => ({
        ...turn.step,
        keyset: `prod/${turn.keyset}` as CredentialPath,
      }));
      const all = await momentsOf(PROD, identity, steps, DAYS);
      t.is(all.length, order.length + 1);
      const at = (index: number): Moment => all[index] ?? (all[0] as Moment);
      for (const keyset of KEYSETS) {
        const relevant = handshakes(NODES).filter((one) => one.keyset === keyset);
        for (const [first, last] of pairsOf(order, keyset)) {
          const refused = relevant.filter(
            (one) => !accepts(one, at(first), at(last)) || !accepts(one, at(last), at(first)),
          );
          t.deepEqual(
            refused.map(({ name }) => name),
            [],
            `${order.map(nameOf).join(', ')}: ${keyset} of moments ${first} and ${last}`,
          );
        }
      }
    }),
    { numRuns: process.env['SLOW'] === '1' ? 20 : 5 },
  );
});
