import { EXIT, PkiError } from '../errors.ts';
import { mirrorManifests } from '../write/mirror.ts';
import { Journal, recover } from '../write/journal.ts';
import { takeLock, type Lock } from '../write/lock.ts';
import { openState } from '../write/state.ts';
import type { Invocation } from './command.ts';
import { onInterrupt } from './pipeline/interrupt.ts';
import { runDeclaration } from './pipeline/prepare.ts';
import type { RunResult } from './pipeline/total.ts';
import { asDeclared, reportJson, reportText } from './pipeline/report.ts';

/** Makes the tree match the declaration: all of it, or nothing. */
export async function run(invocation: Invocation): Promise<number> {
  const { cwd, environment, options, output } = invocation;
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
    const result = await synthesize(invocation, journal, lock);
    if (options.output === 'json') output.json(reportJson(result));
    else {
      reportText(output, result, 'done');
      output.line(
        result.files.length === 0 && result.skipped.length === 0
          ? `nothing to do: ${asDeclared(result)}`
          : asDeclared(result),
      );
    }
    mirrorManifests(cwd, result, environment.CDK8S_OUTDIR);
    for (const name of result.skipped) output.note(`left as it is, it needs an identity: ${name}`);
    return EXIT.ok;
  } finally {
    ignoreInterrupts();
    lock.release();
  }
}

/** Stages everything, then puts it into place. After `commit` began nothing is discarded: the next run would finish it. */
async function synthesize(
  invocation: Invocation,
  journal: Journal,
  lock: Lock,
): Promise<RunResult> {
  let result: RunResult;
  try {
    result = await runDeclaration(invocation, 'synth', journal);
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
  return result;
}
