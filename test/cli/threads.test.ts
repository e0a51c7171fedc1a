import test from 'ava';
import type { ThreadSetup } from '../../src/commands/pipeline/threads/message.ts';
import type { Job } from '../../src/commands/pipeline/context.ts';
import { Threads } from '../../src/commands/pipeline/threads/threads.ts';
import { forged } from '../_helpers/declare.ts';

test('Threads: those that ended give no unit up for lost, nor one that comes later', async (t) => {
  const threads = new Threads(2, 60);
  t.teardown(() => threads.close());
  const setup = forged<ThreadSetup>({ root: '.', make: {} }); // without a context
  threads.begin(setup, () => Promise.resolve({ list: [], unusable: [] }));
  const work = () => threads.work(forged<Job>({}));
  for (const result of await Promise.allSettled([work(), work()])) t.is(result.status, 'rejected');
  await new Promise((resolve) => setTimeout(resolve, 500)); // they tell of their error first, and end then
  await t.throwsAsync(work(), { any: true, message: /encryption/ });
});
