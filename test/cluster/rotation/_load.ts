import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { eventually } from '../_kubernetes.ts';
import type { Machine } from '../_machines/machine.ts';
import type { Client, Counts, Failure } from './_load/client.ts';

const NAME = 'load';

/** A load on the cluster, in a process of its own on a machine of its own. */
export class Load {
  readonly #machine: Machine;
  readonly #folder: string;

  private constructor(machine: Machine, folder: string) {
    [this.#machine, this.#folder] = [machine, folder];
  }

  /** `scratch` is visible on every machine. */
  static start(machine: Machine, scratch: string): Load {
    const folder = path.join(scratch, NAME);
    mkdirSync(path.join(folder, 'clients'), { recursive: true });
    appendFileSync(path.join(folder, 'failures.jsonl'), '');
    machine.start(NAME, program('main.ts', folder));
    return new Load(machine, folder);
  }

  add(...clients: readonly Client[]): void {
    for (const client of clients) {
      // in one step: it is read as soon as it is there
      const file = path.join(this.#folder, client.name);
      writeFileSync(file, JSON.stringify(client), { mode: 0o600 });
      renameSync(file, this.#file(client.name));
    }
  }

  remove(...names: readonly string[]): void {
    for (const name of names) rmSync(this.#file(name));
  }

  clients(): readonly string[] {
    return readdirSync(path.join(this.#folder, 'clients')).map((file) =>
      path.basename(file, '.json'),
    );
  }

  counts(): Counts {
    return JSON.parse(readFileSync(path.join(this.#folder, 'counts.json'), 'utf8')) as Counts;
  }

  failures(): readonly Failure[] {
    const text = readFileSync(path.join(this.#folder, 'failures.jsonl'), 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Failure);
  }

  /** Waits until every client has had an answer for every kind of its work after now; those that fail are let out. */
  async settled(): Promise<void> {
    const clients = this.clients().map(
      (name) => JSON.parse(readFileSync(this.#file(name), 'utf8')) as Client,
    );
    const keys = clients.flatMap(({ name, work }) => work.map((each) => `${name} ${each}`));
    const before = await eventually('counts', () => Promise.resolve(this.counts().answered), 30);
    const failed = this.failures().length;
    await eventually(
      `an answer for each of ${keys.length}`,
      () => {
        if (!this.#machine.isRunning(NAME)) throw new Error('the load has ended');
        const { answered } = this.counts();
        const late = keys.filter((key) => (answered[key] ?? 0) < (before[key] ?? 0) + 1);
        if (this.failures().length > failed || late.length === 0) return Promise.resolve(true);
        throw new Error(late.join(', '));
      },
      90,
    );
  }

  #file(name: string): string {
    return path.join(this.#folder, 'clients', `${name}.json`);
  }
}

/** A program of `_load` with its arguments, as a machine runs it. */
export function program(file: string, ...args: readonly string[]): [string, ...string[]] {
  const tsx = fileURLToPath(import.meta.resolve('tsx'));
  const script = path.join(import.meta.dirname, '_load', file);
  return [process.execPath, '--import', tsx, script, ...args];
}
