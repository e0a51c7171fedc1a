import { EXIT, PkiError } from '../errors.ts';
import { isHalfWritten } from '../write/journal.ts';
import type { Invocation } from './command.ts';
import { runDeclaration } from './pipeline/prepare.ts';
import { outcomeText, reportJson, reportText, statusOf } from './pipeline/report.ts';

/** Prints what `synth` would do. Needs no identity and changes nothing. */
export async function run(invocation: Invocation): Promise<number> {
  const { cwd, output, options } = invocation;
  if (isHalfWritten(cwd)) {
    throw new PkiError(
      'ERR_JOURNAL',
      'a run was cut off, or is at work, in the midst of its writes',
      {
        hint: 'let it end, or finish it: cdk8s-pki synth; what it decided needs no identity',
      },
    );
  }
  const result = await runDeclaration(invocation, 'synth', undefined);
  const isEmpty = result.actions.length === 0 && result.files.length === 0;
  if (options.output === 'json') output.json(reportJson(result));
  else {
    reportText(output, result, 'to do');
    if (isEmpty) output.line(outcomeText(result));
  }
  return isEmpty ? statusOf(result) : EXIT.findings;
}
