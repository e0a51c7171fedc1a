import type { ExecutionContext } from 'ava';
import { WORKERS } from './_cluster.ts';
import { stepsOfOutput, stepsOfPage, type Step } from './_runbook.ts';
import { FORGOTTEN, type Run } from './_run.ts';
import { follow } from './_steps.ts';

/** Steps that are about what is not in the control plane: the test does what it has in place of it, and then runs their commands. */
const WORKLOADS =
  /^(?:Restart Flux|Let pods fetch|Restart extension API|Let servers in the cluster|Let servers and clients load)/u;
const PEOPLE = /^Hand /u;
const PAGE = 'deploy/live/ROTATION.md';

export interface Moves {
  /** Names of keysets. */
  readonly keysets: readonly string[];
  readonly label: string;
  readonly options?: readonly string[];
  /** Before the published authorities are built anew. */
  readonly rebuild?: () => Promise<void>;
  /** Nodes whose kubelets keep their certificates. */
  readonly forgotten?: readonly string[];
}

/** A stage of each keyset, rolled out as its runbook says, under load. Nothing may have failed at its end. */
export async function stage(t: ExecutionContext, run: Run, moves: Moves): Promise<void> {
  const { keysets, label, options = [], rebuild, forgotten = [] } = moves;
  const { topology } = run;
  const start = Date.now();
  topology.complaints(); // of who was refused between two stages, on purpose
  const outputs = new Map<string, string>();
  const next = /^(?:issue|retire)/u.exec(label)?.[0];
  if (next !== undefined && options.length === 0) {
    for (const keyset of keysets) {
      const page = topology.fleet.read(PAGE);
      const before = stepsOfPage(page, keyset, `Before you merge \`${next}\``);
      t.true(before.length > 0);
      for (const step of before) await follow(topology, step, { forgotten });
    }
  }
  for (const keyset of keysets) outputs.set(keyset, await topology.rotate(keyset, ...options));
  await run.handOut(label);
  await topology.deliver();
  const restarted = await topology.rollOut();
  t.log(`${label}: ${restarted.join(' ')}: ${seconds(start)}`);
  for (const keyset of keysets) {
    for (const step of stepsFor(run, keyset, outputs.get(keyset) ?? '')) {
      if (/^Rebuild extension-apiserver/u.test(step.title)) await rebuild?.();
      if (WORKLOADS.test(step.title)) await run.restartWorkloads(`${label}-${keyset}`);
      if (PEOPLE.test(step.title)) await run.handedOver();
      await follow(topology, step, { forgotten });
    }
  }
  await run.handedOver();
  for (const node of Object.keys(WORKERS))
    if (!forgotten.includes(node)) await topology.ready(node);
  t.log(`${label}: ${seconds(start)}; ${run.summary()}`);
  const failures = run.failures().filter(({ client }) => !client.startsWith(FORGOTTEN));
  t.deepEqual(failures.slice(0, 5), [], label);
  // those of whom everybody knows that they are refused
  const complaints = topology.complaints();
  if (rebuild === undefined) t.deepEqual(complaints.slice(0, 5), [], label);
}

function stepsFor({ topology }: Run, keyset: string, output: string): readonly Step[] {
  const printed = stepsOfOutput(output);
  // the last stage, and what takes the first one back, take the page away: all that there is to do is printed
  if (printed.some(({ script }) => script !== '') || !topology.fleet.has(PAGE)) return printed;
  return stepsOfPage(topology.fleet.read(PAGE), keyset);
}

function seconds(start: number): string {
  return `${((Date.now() - start) / 1000).toFixed(0)} s`;
}
