import { EXIT } from '../errors.ts';
import type { Invocation } from './command.ts';
import { runDeclaration } from './pipeline/prepare.ts';
import { asDeclared, reportJson, reportText } from './pipeline/report.ts';

/** Prints what `synth` would do. Needs no identity and changes nothing. */
export async function run(invocation: Invocation): Promise<number> {
  const { output, options } = invocation;
  const result = await runDeclaration(invocation, 'synth', undefined);
  const isEmpty = result.actions.length === 0 && result.files.length === 0;
  if (options.output === 'json') output.json(reportJson(result));
  else {
    reportText(output, result, 'to do');
    if (isEmpty) output.line(`nothing to do: ${asDeclared(result)}`);
  }
  return isEmpty && result.findings.length === 0 ? EXIT.ok : EXIT.findings;
}
