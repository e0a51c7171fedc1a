import { EXIT } from '../../errors.ts';
import type { RotationRequest } from '../../model/store/rotation.ts';
import type { Invocation } from '../command.ts';
import { runDeclaration } from '../pipeline/prepare.ts';
import { reportJson, reportText } from '../pipeline/report.ts';
import type { RunResult, Sink } from '../pipeline/total.ts';
import { refuseHalfWritten } from '../writing/half-written.ts';
import { transaction } from '../writing/transaction.ts';
import { refuseUnfinished, refuseUnknown, refuseUnmerged } from './refuse.ts';
import { requestOf } from './request.ts';
import { runbookLines } from './runbook.ts';
import { statusJson, statusLines } from './status.ts';
import { warningLines } from './warnings.ts';

/** Starts or advances the staged rotation of one keyset, takes a stage back, or says where keysets stand. */
export function run(invocation: Invocation): Promise<number> {
  const request = requestOf(invocation);
  return request.verb === 'status' ? status(invocation, request) : carryOut(invocation, request);
}

/** Makes what a request changes of a keyset, says what it would make, or proposes it. */
export async function carryOut(invocation: Invocation, request: RotationRequest): Promise<number> {
  const { cwd, options } = invocation;
  if (options.pullRequest === true && options.dryRun !== true) {
    const { proposeRotation } = await import('../propose/propose.ts');
    return proposeRotation(invocation, request);
  }
  if (options.dryRun === true) {
    refuseHalfWritten(cwd);
    report(invocation, request, await rotate(invocation, request, undefined), 'to do');
    return EXIT.ok;
  }
  await transaction(
    invocation,
    (journal) => rotate(invocation, request, journal),
    (result) => {
      report(invocation, request, result, 'done');
    },
  );
  return EXIT.ok;
}

/** What is asked for is alone in its change, so the tree must be as declared before; but for what nobody can wait with. */
async function rotate(
  invocation: Invocation,
  request: RotationRequest,
  sink: Sink | undefined,
): Promise<RunResult> {
  if (request.verb !== 'compromised') {
    const asking = { ...request, verb: 'status' } as const;
    const before = await runDeclaration(invocation, 'synth', undefined, { request: asking });
    refuseUnknown(request, before);
    refuseUnfinished(before);
    if (request.verb === 'advance') await refuseUnmerged(invocation.cwd, before.tree);
  }
  const result = await runDeclaration(invocation, 'synth', sink, { request });
  refuseUnknown(request, result);
  return result;
}

async function status(invocation: Invocation, request: RotationRequest): Promise<number> {
  const { output, options } = invocation;
  const result = await runDeclaration(invocation, 'synth', undefined, { request });
  const wanted = result.rotations.filter(
    ({ keyset }) =>
      request.keyset === '' || keyset === request.keyset || keyset.startsWith(`${request.keyset}/`),
  );
  if (wanted.length === 0 && request.keyset !== '') refuseUnknown(request, result);
  if (options.output === 'json') output.json({ rotations: wanted.map(statusJson) });
  else for (const line of wanted.flatMap(statusLines)) output.line(line);
  return EXIT.ok;
}

function report(
  { options, output }: Invocation,
  request: RotationRequest,
  result: RunResult,
  tense: 'to do' | 'done',
): void {
  if (options.output === 'json') {
    output.json(reportJson(result));
    return;
  }
  reportText(output, result, tense);
  const now = options.now ?? new Date();
  for (const line of warningLines(request, result.rotations, now)) output.line(line);
  if (tense === 'to do') return;
  for (const line of runbookLines(request, result.rotations)) output.line(line);
}
