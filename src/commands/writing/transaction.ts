import { PkiError } from '../../errors.ts';
import { Journal, recover } from '../../write/journal.ts';
import { takeLock } from '../../write/lock.ts';
import { openState } from '../../write/state.ts';
import type { Invocation } from '../command.ts';
import { onInterrupt } from './interrupt.ts';

/**
 * Writes to the tree: all of what `work` stages, or nothing. Under the tree's lock, after what an earlier run left was finished or
 * discarded. After the commit began nothing is discarded: the next run would finish it.
 *
 * @param done told the result while the lock is still held.
 */
export async function transaction<T>(
  { cwd, options, output }: Pick<Invocation, 'cwd' | 'options' | 'output'>,
  work: (journal: Journal) => Promise<T>,
  done: (result: T) => void,
): Promise<T> {
  const state = openState(cwd);
  const lock = takeLock(state, options.now ?? new Date());
  const journal = new Journal(cwd, state);
  const ignoreInterrupts = onInterrupt(() => {
    journal.discard();
    lock.release();
  });
  try {
    if (recover(cwd, state) === 'finished')
      output.note('finished the writes of a run that was cut off');
    let result: T;
    try {
      result = await work(journal);
      if (!lock.isHeld()) {
        throw new PkiError('ERR_LOCKED', 'another run took over the lock; nothing was written', {
          hint: 'run the command again',
        });
      }
    } catch (error) {
      journal.discard();
      throw error;
    }
    journal.commit();
    done(result);
    return result;
  } finally {
    ignoreInterrupts();
    lock.release();
  }
}
