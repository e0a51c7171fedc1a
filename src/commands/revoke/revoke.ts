import { EXIT } from '../../errors.ts';
import type { Invocation } from '../command.ts';
import { reportJson, reportText } from '../pipeline/report.ts';
import type { RunResult } from '../pipeline/total.ts';
import { refuseHalfWritten } from '../writing/half-written.ts';
import { transaction } from '../writing/transaction.ts';
import { revoke } from './carry-out.ts';
import { revocationJson, revocationLines } from './print.ts';

/** Gives leaves new keys and certificates now, and puts those that they had on the CRL of their authority. */
export async function run(invocation: Invocation): Promise<number> {
  const { cwd, options } = invocation;
  if (options.pullRequest === true && options.dryRun !== true) {
    const { proposeRevocation } = await import('../propose/propose.ts');
    return proposeRevocation(invocation);
  }
  if (options.dryRun === true) {
    refuseHalfWritten(cwd);
    const { result } = await revoke(invocation, undefined);
    report(invocation, result, 'to do');
    return EXIT.ok;
  }
  await transaction(
    invocation,
    async (journal) => (await revoke(invocation, journal)).result,
    (result) => {
      report(invocation, result, 'done');
    },
  );
  return EXIT.ok;
}

function report({ options, output }: Invocation, result: RunResult, tense: 'to do' | 'done'): void {
  if (options.output === 'json') {
    output.json({
      ...(reportJson(result) as object),
      revocations: result.revocations.map(revocationJson),
    });
    return;
  }
  reportText(output, result, tense);
  for (const line of revocationLines(result.revocations)) output.line(line);
}
