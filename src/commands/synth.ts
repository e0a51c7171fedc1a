import { EXIT } from '../errors.ts';
import { mirrorManifests } from '../write/mirror.ts';
import type { Invocation } from './command.ts';
import { runDeclaration } from './pipeline/prepare.ts';
import { outcomeText, reportJson, reportText } from './pipeline/report.ts';
import { transaction } from './writing/transaction.ts';

/** Makes the tree match the declaration: all of it, or nothing. */
export async function run(invocation: Invocation): Promise<number> {
  const { cwd, environment, options, output } = invocation;
  await transaction(
    invocation,
    (journal) =>
      runDeclaration(invocation, 'synth', journal, { isListed: options.output === 'json' }),
    (result) => {
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
  return EXIT.ok;
}
