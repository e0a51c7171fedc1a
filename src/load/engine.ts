import process from 'node:process';

/** Of Node. */
const LINE = Number(process.versions.node.split('.')[0]);

/** Octets of bytecode that V8 runs before it looks for what to optimize; the default of Node 20 is 67,584. */
const BUDGETS = { declaration: 300_000, threads: 1_000_000 } as const;

/**
 * Flags of V8 for the process of the declaration, and for threads.
 *
 * What a cluster leaves behind is garbage, and a heap would double before it is looked for. The V8 of Node 20 has no compiler between the
 * quick one and the one that optimizes, and lets that work on what was called a few times: of hundreds of functions that run for
 * seconds, a tenth of all processor time. The declaration may have more of it, since a processor is idle while it is checked. That of
 * Node 26 keeps cleared pages up to 8 seconds, dozens of MiB in a large fleet. What is for one line is for no later one: with a flag
 * that its V8 does not know, Node does not start.
 */
export function engineFlags(what: keyof typeof BUDGETS): readonly string[] {
  return [
    '--heap-growing-percent=20',
    ...(LINE === 20 ? [`--interrupt-budget=${BUDGETS[what]}`] : []),
    ...(LINE === 26 ? ['--no-memory-pool'] : []),
  ];
}
