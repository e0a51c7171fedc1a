import { EXIT, PkiError } from '../../errors.ts';
import type { Invocation } from '../command.ts';
import { refuseUnknownNames } from '../input/requested.ts';
import { runDeclaration } from '../pipeline/prepare.ts';
import { isNothing, outcomeText, planStatus, reportJson, reportText } from '../pipeline/report.ts';
import type { RunResult } from '../pipeline/total.ts';
import { refuseHalfWritten } from '../writing/half-written.ts';
import { transaction } from '../writing/transaction.ts';

/** `synth`, and what is due or asked for; with `--pull-request` as a proposal, with `--dry-run` as a plan. */
export async function run(invocation: Invocation): Promise<number> {
  const { options } = invocation;
  if (options.kubeconfig !== undefined && options.pullRequest !== true)
    throw new PkiError('ERR_USAGE', '--kubeconfig is for --pull-request', {
      hint: 'without it, renew makes no stage of a rotation; rotate takes --kubeconfig, too',
    });
  if (options.dryRun === true) return dryRun(invocation);
  if (options.pullRequest === true) {
    const { proposeRenewal } = await import('./propose.ts');
    return proposeRenewal(invocation);
  }
  const result = await transaction(
    invocation,
    async (journal) => {
      const made = await runDeclaration(invocation, 'renew', journal);
      refuseUnknownNames(invocation, made);
      return made;
    },
    (done) => {
      report(invocation, done, 'done');
    },
  );
  if (result.problems.error !== null) throw result.problems.error;
  return EXIT.ok;
}

async function dryRun(invocation: Invocation): Promise<number> {
  const { cwd, options } = invocation;
  refuseHalfWritten(cwd);
  const chain = options.pullRequest === true ? 'propose' : 'renew';
  const result = await runDeclaration(invocation, chain, undefined);
  refuseUnknownNames(invocation, result);
  report(invocation, result, 'to do');
  if (result.problems.error !== null) throw result.problems.error;
  return planStatus(result);
}

function report({ options, output }: Invocation, result: RunResult, tense: 'to do' | 'done'): void {
  if (options.output === 'json') output.json(reportJson(result));
  else {
    reportText(output, result, tense);
    if (tense === 'done' || isNothing(result)) output.line(outcomeText(result));
  }
  for (const name of result.skipped) output.note(`left as it is, it needs an identity: ${name}`);
  for (const name of result.problems.clusters) output.note(`left as it is, it has errors: ${name}`);
}
