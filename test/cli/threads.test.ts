import test from 'ava';
import type { ThreadSetup } from '../../src/commands/pipeline/threads/message.ts';
import type { Job } from '../../src/commands/pipeline/context.ts';
import { Threads } from '../../src/commands/pipeline/threads/threads.ts';
import { forged } from '../_helpers/declare.ts';

test('Threads: one that has ended rejects its units, and those that come later', async (t) => {
  const threads = new Threads(2, 60);
  t.teardown(() => threads.close());
  const setup = forged<ThreadSetup>({ root: '.', make: {} }); // without a context
  threads.begin(setup, () => Promise.resolve({ list: [], unusable: [] }));
  const work = () => threads.work(forged<Job>({}));
  for (const result of await Promise.allSettled([work(), work()])) t.is(result.status, 'rejected');
  await new Promise((resolve) => setTimeout(resolve, 500)); // they tell of their error first, and end then
  await t.throwsAsync(work(), { any: true, message: /encryption/ });
});

test('Threads: they close more than once, and whatever happens to them meanwhile', async (t) => {
  const threads = new Threads(2, 60);
  threads.begin(forged<ThreadSetup>({ root: '.', make: {} }), () =>
    Promise.resolve({ list: [], unusable: [] }),
  );
  const until = Date.now() + 1500;
  while (Date.now() < until); // they fail while nobody can hear it
  await t.notThrowsAsync(Promise.all([threads.close(), threads.close()]));
  await t.notThrowsAsync(threads.close());
});
