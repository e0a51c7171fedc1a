import test from 'ava';
import { GUARDS, guardOf, guardPlaces } from '../../../src/review/guards.ts';
import { MemoryTree } from '../../_helpers/repository.ts';
import { reviewTrees } from '../../_helpers/review.ts';

const isFile = (place: string): boolean =>
  !/^\.(?:yarn|gitea|forgejo|gitlab|circleci)$/u.test(place);

for (const { place, flag } of GUARDS) {
  test(`guards: ${place} is flagged with what it decides`, (t) => {
    const file = isFile(place) ? place : `${place}/file`;
    const recipient = `creation_rules:\n  - age: age1x\n`;
    const { flags } = reviewTrees(new MemoryTree(), new MemoryTree().write(file, recipient));
    t.deepEqual(
      flags.map((item) => [item.code, item.file as string]),
      place === '.sops.yaml'
        ? [
            ['RecipientAdded', file],
            [flag, file],
          ]
        : [[flag, file]],
    );
  });
}

test('guards: they are looked for up to the root of the repository', (t) => {
  const places = guardPlaces(2);
  t.is(places.length, 3 * GUARDS.length);
  for (const place of ['CODEOWNERS', '../package.json', '../../.github/workflows'])
    t.true(places.includes(place), place);
  t.is(guardOf('../../.github/workflows/verify.yml')?.place, '.github/workflows');
  t.is(guardOf('../package.json')?.place, 'package.json');
  t.is(guardOf('../package.json.md'), undefined);
});
