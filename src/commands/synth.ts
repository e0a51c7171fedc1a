import { EXIT } from '../errors.ts';
import { mirrorManifests } from '../write/mirror.ts';
import type { Invocation } from './command.ts';
import { runDeclaration } from './pipeline/prepare.ts';
import { outcomeText, reportJson, reportText, statusOf } from './pipeline/report.ts';
import { transaction } from './writing/transaction.ts';

/** Makes the tree match the declaration: all of it, or nothing. Exit 3 where it did, and findings are left. */
export async function run(invocation: Invocation): Promise<number> {
  const { cwd, environment, options, output } = invocation;
  let status: number = EXIT.ok;
  await transaction(
    invocation,
    (journal) => runDeclaration(invocation, 'synth', journal),
    (result) => {
      // cdk8s takes every other status for a failure
      if (environment.CDK8S_OUTDIR === undefined) status = statusOf(result);
      if (options.output === 'json') output.json(reportJson(result));
      else {
        reportText(output, result, 'done');
        output.line(outcomeText(result));
      }
      mirrorManifests(cwd, result, environment.CDK8S_OUTDIR);
      for (const name of result.skipped) {
        output.note(`left as it is, it needs an identity: ${name}`);
      }
    },
  );
  return status;
}
