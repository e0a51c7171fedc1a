import { EXIT } from '../../errors.ts';
import type { RotationRequest } from '../../model/store/rotation.ts';
import type { Invocation } from '../command.ts';
import { runDeclaration } from '../pipeline/prepare.ts';
import { reportJson, reportText } from '../pipeline/report.ts';
import type { RunResult, Sink } from '../pipeline/total.ts';
import { isByEvidence, withEvidence } from '../../plan/rotation/with-evidence.ts';
import { refuseHalfWritten } from '../writing/half-written.ts';
import { transaction } from '../writing/transaction.ts';
import { askClusters, type Asked, isWaiting } from './evidence.ts';
import { refuseUnfinished, refuseUnknown, refuseUnmerged } from './refuse.ts';
import { requestOf } from './request.ts';
import { runbookJson, runbookLines } from './runbook.ts';
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
  let evidence: Asked['evidence'] = new Map();
  if (request.verb !== 'compromised') {
    const asking = { ...request, verb: 'status' } as const;
    const before = await runDeclaration(invocation, 'synth', undefined, { request: asking });
    refuseUnknown(request, before);
    refuseUnfinished(before);
    if (request.verb === 'advance') {
      await refuseUnmerged(invocation.cwd, before.tree);
      evidence = await evidenceOf(invocation, request, before);
    }
  }
  const result = await runDeclaration(invocation, 'synth', sink, { request, evidence });
  refuseUnknown(request, result);
  return result;
}

/** @throws PkiError `ERR_EVIDENCE` where a stage waits and its cluster cannot be asked */
async function evidenceOf(
  invocation: Invocation,
  { keyset }: RotationRequest,
  { tree, rotations }: RunResult,
): Promise<Asked['evidence']> {
  const now = invocation.options.now ?? new Date();
  const wanted = rotations.filter((one) => one.keyset === keyset && isWaiting(one, now));
  const { evidence, failures } = await askClusters(invocation, invocation.cwd, tree, wanted);
  for (const failure of failures.values()) throw failure;
  return evidence;
}

async function status(invocation: Invocation, request: RotationRequest): Promise<number> {
  const { cwd, output, options } = invocation;
  const result = await runDeclaration(invocation, 'synth', undefined, { request });
  const wanted = result.rotations.filter(
    ({ keyset }) =>
      request.keyset === '' || keyset === request.keyset || keyset.startsWith(`${request.keyset}/`),
  );
  if (wanted.length === 0 && request.keyset !== '') refuseUnknown(request, result);
  const { evidence, failures } = await askClusters(invocation, cwd, result.tree, wanted);
  const statuses = wanted.map((one) => withEvidence(one, evidence.get(one.keyset)));
  if (options.output === 'json') output.json({ rotations: statuses.map(statusJson) });
  else for (const line of statuses.flatMap(statusLines)) output.line(line);
  // of one cluster that is asked for, it is why this has failed; of a fleet the others are told
  for (const [cluster, failure] of failures) {
    if (request.keyset !== '') throw failure;
    output.note(`${cluster} could not be asked: ${failure.message}`);
  }
  return EXIT.ok;
}

function report(
  { options, output }: Invocation,
  request: RotationRequest,
  result: RunResult,
  tense: 'to do' | 'done',
): void {
  const now = options.now ?? new Date();
  const warnings = warningLines(request, result.rotations, now);
  if (options.output === 'json') {
    const asked = result.rotations.find(({ keyset }) => keyset === request.keyset);
    const evidence = asked && isByEvidence(asked, now) ? { evidence: asked.evidence } : {};
    const runbook = runbookJson(request, result.rotations);
    output.json({ ...reportJson(result), warnings, ...runbook, ...evidence });
    return;
  }
  reportText(output, result, tense);
  for (const line of warnings) output.line(line);
  if (tense === 'to do') return;
  for (const line of runbookLines(request, result.rotations)) output.line(line);
}
