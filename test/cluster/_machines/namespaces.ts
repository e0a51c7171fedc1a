import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { toolPath } from '../../_helpers/tools.ts';
import { runProgram, type Ran, type RunOptions } from '../../_helpers/run-program.ts';

type Holder = ChildProcessByStdio<Writable, Readable, null>;

/**
 * Namespaces of their own, which live as long as the test: their first process reads the test's pipe and ends with it, however
 * the test ends, and the kernel then ends every other process in them and drops their mounts and interfaces.
 */
export class Namespaces {
  /** Of the first process in them. */
  readonly pid: number;
  readonly #holder: Holder;

  private constructor(holder: Holder, pid: number) {
    [this.#holder, this.pid] = [holder, pid];
  }

  /** `setup` and `farewell` are shell scripts that run in them, as root, before and after everything else. */
  static async create(
    setup: string,
    environment: Readonly<Record<string, string>> = {},
    farewell = '',
  ): Promise<Namespaces> {
    const flags = ['--mount', '--net', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const script = `set -e\nip link set lo up\n${setup}\necho ready\ncat\n${farewell}`;
    const holder = spawn(toolPath('unshare'), [...flags, 'sh', '-c', script], {
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    holder.stdin.on('error', () => undefined); // it may have ended before
    const [said] = (await Promise.race([
      once(holder.stdout, 'data'),
      once(holder, 'exit').then(([status]) => [`exit status ${String(status)}`]),
    ])) as [unknown];
    if (String(said) !== 'ready\n') throw new Error(`cannot set up namespaces: ${String(said)}`);
    const parent = String(holder.pid);
    const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim();
    return new Namespaces(holder, Number.parseInt(children, 10));
  }

  /** What stands before a command that is to run in them. */
  get enter(): readonly string[] {
    const target = ['--target', String(this.pid)];
    return [toolPath('nsenter'), ...target, '--mount', '--net', '--uts', '--pid', '--'];
  }

  run(file: string, args: readonly string[], options: RunOptions): Promise<Ran> {
    const [enter = '', ...rest] = this.enter;
    return runProgram(enter, [...rest, file, ...args], options);
  }

  async end(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const ended = once(this.#holder, 'exit');
    this.#holder.stdin.end();
    const late = delay(5000, 'late', { ref: false });
    if ((await Promise.race([ended, late])) === 'late') this.#holder.kill('SIGKILL');
    await ended;
  }
}
