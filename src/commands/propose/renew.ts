import { EXIT } from '../../errors.ts';
import type { Invocation } from '../command.ts';
import { runDeclaration } from '../pipeline/prepare.ts';
import { outcomeText, reportJson, reportText, statusOf } from '../pipeline/report.ts';
import { transaction } from '../writing/transaction.ts';

/** `synth`, and what is due; with `--pull-request` as a proposal. */
export async function run(invocation: Invocation): Promise<number> {
  const { options, output } = invocation;
  if (options.pullRequest === true) {
    const { proposeRenewal } = await import('./propose.ts');
    return proposeRenewal(invocation);
  }
  let status: number = EXIT.ok;
  await transaction(
    invocation,
    (journal) => runDeclaration(invocation, 'renew', journal),
    (result) => {
      status = statusOf(result);
      if (options.output === 'json') output.json(reportJson(result));
      else {
        reportText(output, result, 'done');
        output.line(outcomeText(result));
      }
    },
  );
  return status;
}
