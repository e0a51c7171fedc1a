import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { EXIT } from '../errors.ts';
import { mirrorManifests } from '../write/mirror.ts';
import { Journal } from '../write/journal.ts';
import { takeLock } from '../write/lock.ts';
import type { Invocation } from './command.ts';
import { runDeclaration } from './pipeline/prepare.ts';
import type { RunResult } from './pipeline/total.ts';
import { asDeclared, reportJson, reportText } from './pipeline/report.ts';

/** Journal and lock of a tree; git never sees them. */
const STATE = '.cdk8s-pki';

/** Makes the tree match the declaration: all of it, or nothing. */
export async function run(invocation: Invocation): Promise<number> {
  const { cwd, environment, options, output } = invocation;
  const state = path.join(cwd, STATE);
  const release = takeLock(state);
  try {
    const ignore = path.join(state, '.gitignore');
    if (!existsSync(ignore)) writeFileSync(ignore, '*\n');
    const journal = new Journal(cwd, state);
    if (journal.recover() === 'finished')
      output.note('finished the writes of a run that was cut off');
    const result = await synthesize(invocation, journal);
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
    release();
  }
}

/** Stages everything, then puts it into place. After `commit` began nothing is discarded: the next run would finish it. */
async function synthesize(invocation: Invocation, journal: Journal): Promise<RunResult> {
  let result: RunResult;
  try {
    result = await runDeclaration(invocation, 'synth', journal);
  } catch (error) {
    journal.discard();
    throw error;
  }
  journal.commit();
  return result;
}
