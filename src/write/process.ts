import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import process from 'node:process';
import { codeOf } from './state.ts';

/** A process, told from all others. The last two are known on Linux only. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Boot and PID namespace: where `pid` means something. Containers all have the same few ids. */
  readonly system?: string;
  /** When it started, in ticks since the boot: ids are given again. */
  readonly started?: string;
}

export function thisProcess(): ProcessIdentity {
  const identity = { pid: process.pid, host: hostname() };
  const started = statusOf('self')?.started;
  const boot = attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const namespace = attempt(() => readlinkSync('/proc/self/ns/pid'));
  if (started === undefined || boot === undefined || namespace === undefined) return identity;
  return { ...identity, system: `${boot} ${namespace}`, started };
}

/** What can be said of a process: nothing for certain, where it is of another machine or container. */
export function lookFor(
  { pid, host, system, started }: ProcessIdentity,
  own: ProcessIdentity = thisProcess(),
): 'alive' | 'gone' | 'unknown' {
  const isNear =
    system === undefined || own.system === undefined ? host === own.host : system === own.system;
  if (!isNear) return 'unknown';
  if (!exists(pid)) return 'gone';
  const found = statusOf(String(pid));
  if (found === undefined || started === undefined) return 'unknown';
  return found.started === started && !found.isDead ? 'alive' : 'gone';
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Fields 3 and 22 of proc_pid_stat(5). The name before them, in parentheses, may hold anything. */
function statusOf(pid: string): { readonly started: string; readonly isDead: boolean } | undefined {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ') ?? [];
  const [state = '', started] = [fields[0], fields[19]];
  return started === undefined ? undefined : { started, isDead: /^[ZXx]$/u.test(state) };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
