import test from 'ava';
import { RUNBOOKS } from '../../../src/catalog/rotation/runbooks.ts';
import type { RunbookStep } from '../../../src/catalog/rotation/runbook.ts';
import type { TrustDomain } from '../../../src/model/store/rotation.ts';
import { CONSUMED, type Consumers } from './_consumers.ts';

const textOf = ({ where, title, text, commands }: RunbookStep): string =>
  [where, title, text, ...commands].join('\n');

/** Titles of the steps that serve each consumer. */
const served = (steps: readonly RunbookStep[], consumers: Consumers): [string, string[]][] =>
  Object.entries(consumers).map(([consumer, how]) => [
    consumer,
    steps.filter((step) => how.test(textOf(step))).map(({ title }) => title),
  ]);

for (const domain of Object.keys(RUNBOOKS) as TrustDomain[])
  test(`RUNBOOKS: at every stage of ${domain} each consumer has its step, and no step is for nobody`, (t) => {
    for (const stage of ['accept', 'issue', 'retire'] as const) {
      const { before, steps } = RUNBOOKS[domain];
      for (const [place, list] of [
        ['before', before[stage]],
        ['after', steps[stage]],
      ] as const) {
        const found = served(list, CONSUMED[domain][stage][place]);
        const where = `${place} ${stage}`;
        for (const [consumer, titles] of found) t.is(titles.length, 1, `${where}: ${consumer}`);
        t.deepEqual(
          found.flatMap(([, titles]) => titles).sort(),
          list.map(({ title }) => title).sort(),
          where,
        );
      }
    }
  });
