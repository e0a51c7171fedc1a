import type { Invocation } from './command.ts';
import { runDeclaration } from './pipeline/prepare.ts';
import { isNothing, outcomeText, planStatus, reportJson, reportText } from './pipeline/report.ts';
import { refuseHalfWritten } from './writing/half-written.ts';

/** Prints what `synth` would do. Needs no identity and changes nothing. */
export async function run(invocation: Invocation): Promise<number> {
  const { cwd, output, options } = invocation;
  refuseHalfWritten(cwd);
  const result = await runDeclaration(invocation, 'synth', undefined, {
    isListed: options.output === 'json',
  });
  if (options.output === 'json') output.json(reportJson(result));
  else {
    reportText(output, result, 'to do');
    if (isNothing(result)) output.line(outcomeText(result));
  }
  return planStatus(result);
}
