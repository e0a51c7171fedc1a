import { cpus, totalmem } from 'node:os';
import type { FloorRow } from './floor.ts';
import type { Share } from './profile.ts';

export interface Budget {
  readonly work: string;
  readonly budget: string;
  readonly measured: string;
  readonly isMet: boolean;
}

export interface Growth {
  readonly clusters: number;
  readonly fresh: { readonly seconds: number; readonly peakMemory: number };
  readonly nothing: { readonly seconds: number; readonly peakMemory: number };
  readonly check: { readonly seconds: number; readonly peakMemory: number };
}

/** What was measured with one Node. */
export interface NodeRuns {
  readonly version: string;
  /** The same ones in the same order with each. */
  readonly budgets: readonly Budget[];
  readonly growth: readonly Growth[];
}

export interface Report {
  readonly rounds: number;
  /** The newest Node last. */
  readonly runs: readonly NodeRuns[];
  readonly floor: readonly FloorRow[];
  readonly freshShares: readonly Share[];
  readonly nothingShares: readonly Share[];
}

const MACHINE = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`;

/** `docs/benchmarks.md`, with what the page that was there says of other machines. */
export function markdown(report: Report, before: string): string {
  const { runs, floor, freshShares, nothingShares, rounds } = report;
  const versions = runs.map(({ version }) => `Node ${version}`);
  const others = otherMachines(before);
  return `# Benchmarks

Written by \`npm run bench\`; do not edit. Repeat it with \`test/tools/install\`, then \`npm run bench\` (as root, since kubeadm changes its
root; \`-- --quick\` leaves out 10,000 clusters). It takes about half an hour, with the Node that runs it and, where that is older, with the
newest line besides. Programs and peers run in turns, trees lie in memory
(\`/dev/shm\`), and each figure is a median of ${rounds} rounds; the growth table is of one run a row. Seconds do not travel between machines, and ratios
travel badly: the pair is mostly processes that start, this program mostly computes.

Measured on ${MACHINE}, ${versions.join(' and ')}.

## Budgets

The pair is what people do by hand for a cluster: \`kubeadm init phase certs all\` and \`kubeconfig all\` with ECDSA keys, then \`sops encrypt\`
for each file that has a private key.

${table(['Work', 'Budget', ...versions], budgetRows(runs))}
${others.length > 0 ? `## Other machines\n\nAs this page had them when it was written there, by earlier commits.\n\n${others.join('\n')}\n` : ''}## Growth

One-node clusters, whole processes, start included. Memory is the sum of the peaks of all processes: the program, and the process of the
declaration.

${runs.map(({ version, growth }) => `With Node ${version}:\n\n${growthTable(growth)}`).join('\n')}
## Where the time goes

What a fresh one-node cluster cannot be made without, the operations alone, on one thread:

${table(
  ['Operation', 'Count', 'ms'],
  [
    ...floor.map(({ work, count, milliseconds }) => [work, String(count), milliseconds.toFixed(2)]),
    ['**floor**', '', floor.reduce((sum, { milliseconds }) => sum + milliseconds, 0).toFixed(1)],
  ],
)}
Share of processor time by stage, of all threads and the declaration's process, with what libraries and Node do counted for the stage that
asks for it, with ${versions.at(-1) ?? ''}:

${table(
  ['Stage', 'Fresh', 'Nothing to do'],
  freshShares.map(({ where, share }) => [
    where,
    percent(share),
    percent(nothingShares.find((other) => other.where === where)?.share ?? 0),
  ]),
)}`;
}

/** Their budgets, each under its name. */
function otherMachines(page: string): string[] {
  const [, own = '', budgets = ''] =
    /^Measured on (.+)\.\n\n## Budgets\n\n[^|]+((?:\|.*\n)+)/mu.exec(page) ?? [];
  const known = page.matchAll(/^### (.+)\n\n((?:\|.*\n)+)/gmu);
  return [[own, budgets] as const, ...Array.from(known, ([, name = '', rows = '']) => [name, rows])]
    .filter(([name = '']) => name !== '' && !name.startsWith(MACHINE))
    .map(([name, rows]) => `### ${name}\n\n${rows}`);
}

function budgetRows(runs: readonly NodeRuns[]): string[][] {
  return (runs[0]?.budgets ?? []).map(({ work, budget }, row) => [
    work,
    budget,
    ...runs.map(({ budgets }) => {
      const { measured = '', isMet = false } = budgets[row] ?? {};
      return `${measured} ${isMet ? 'met' : '**not met**'}`;
    }),
  ]);
}

function growthTable(growth: readonly Growth[]): string {
  const measures = ['Fresh', 'Nothing to do', 'check'];
  return table(
    ['Clusters', ...measures.flatMap((work) => [work, 'a cluster', 'Memory'])],
    growth.map(({ clusters, ...runs }) => [
      String(clusters),
      ...[runs.fresh, runs.nothing, runs.check].flatMap(({ seconds, peakMemory }) => [
        `${seconds.toFixed(1)} s`,
        `${((seconds / clusters) * 1000).toFixed(1)} ms`,
        `${peakMemory.toFixed(0)} MiB`,
      ]),
    ]),
  );
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}
