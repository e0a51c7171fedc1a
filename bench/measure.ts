import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

export interface Measured {
  readonly seconds: number;
  /** Sum of the peaks of the program and of what it started, MiB: no less than what they used at any instant. */
  readonly peakMemory: number;
}

/** How often the memory of a running program is looked at; the kernel keeps the peak in between. */
const LOOK_EVERY = 20;

/** Runs a program to its end. Throws where it ends with another status than those expected. */
export async function measure(
  command: readonly string[],
  {
    cwd,
    environment = {},
    statuses = [0],
  }: {
    readonly cwd: string;
    readonly environment?: Readonly<Record<string, string>>;
    readonly statuses?: readonly number[];
  },
): Promise<Measured> {
  const [file = '', ...args] = command;
  const start = process.hrtime.bigint();
  const child = spawn(file, args, {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: cwd, CI: 'true', ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-2000)));
  const peaks = new Map<number, number>();
  const timer = setInterval(() => {
    for (const pid of family(child.pid ?? 0))
      peaks.set(pid, Math.max(peaks.get(pid) ?? 0, peakOf(pid)));
  }, LOOK_EVERY);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  clearInterval(timer);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (!statuses.includes(status ?? -1))
    throw new Error(`${command.join(' ')} ended with ${status}: ${stderr}`);
  return { seconds, peakMemory: [...peaks.values()].reduce((sum, peak) => sum + peak, 0) / 1024 };
}

/** A process and all below it, by /proc; empty elsewhere. */
function family(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean),
    );
    return [pid, ...children.map(Number).flatMap(family)];
  } catch {
    return [];
  }
}

/** KiB. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = Number.NaN] = [
    sorted[Math.ceil(middle) - 1],
    sorted[Math.floor(middle)],
  ];
  return (low + high) / 2;
}
