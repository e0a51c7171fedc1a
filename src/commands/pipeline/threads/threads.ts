import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { engineFlags } from '../../../load/engine.ts';
import type { Identities } from '../../../sops/age/identity.ts';
import type { Job } from '../context.ts';
import type { Workshop } from '../run.ts';
import type { UnitResult } from '../unit/work.ts';
import { errorOf, problemOf, type FromThread, type ThreadSetup, type ToThread } from './message.ts';

/** One unit in the works and one waiting, so that no thread waits for the main one. */
const JOBS_PER_THREAD = 2;

/** From so many clusters on what is known of the fleet fills the memory. */
const LARGE = 2500;

/**
 * Several heaps share this process: the space for what is new would grow to dozens of MiB in each, and a unit needs one or two. With 2 MiB
 * it takes 7 % longer than with 4, and has 8 MiB less a thread.
 */
const flagsFor = (clusters: number): readonly string[] => [
  ...engineFlags('threads'),
  `--min-semi-space-size=${clusters >= LARGE ? 2 : 4}`,
  '--semi-space-growth-factor=1',
];

const PROGRAM = new URL(
  'dist/commands/pipeline/threads/worker.js',
  import.meta.resolve('cdk8s-pki/package.json'),
);

interface Waiting {
  readonly resolve: (result: UnitResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Worker threads that share the units of a run. They start, and load their program, before it is known what for.
 *
 * @param clusters of the run.
 */
export class Threads implements Workshop {
  readonly width: number;
  readonly #threads: readonly Thread[];

  constructor(count: number, clusters: number) {
    for (const flag of flagsFor(clusters)) setFlagsFromString(flag);
    this.#threads = Array.from({ length: count }, () => new Thread());
    this.width = count * JOBS_PER_THREAD;
  }

  /**
   * To be called once, before `work`.
   *
   * @param identities finds them once for all threads.
   */
  begin(setup: ThreadSetup, identities: () => Promise<Identities>): void {
    for (const thread of this.#threads) thread.begin(setup, identities);
  }

  readonly work = (job: Job): Promise<UnitResult> => {
    const idlest = this.#threads.reduce((one, other) => (other.load < one.load ? other : one));
    return idlest.work(job);
  };

  readonly close = async (): Promise<void> => {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  };
}

class Thread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #number = 0;
  #failure: Error | undefined;
  #closed: Promise<unknown> | undefined;

  constructor() {
    this.#worker = new Worker(PROGRAM);
    // Out of memory, or a bug outside of a job.
    this.#worker.on('error', (error) => {
      this.#abandon(error);
    });
    this.#worker.on('exit', () => {
      this.#abandon(new Error('a worker thread ended'));
    });
  }

  get load(): number {
    return this.#waiting.size;
  }

  begin(setup: ThreadSetup, identities: () => Promise<Identities>): void {
    this.#worker.on('message', (message: FromThread) => {
      this.#receive(message, identities);
    });
    this.#send({ type: 'setup', setup });
  }

  work(job: Job): Promise<UnitResult> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      const number = (this.#number += 1);
      this.#waiting.set(number, { resolve, reject });
      this.#send({ type: 'job', number, job });
    });
  }

  close(): Promise<unknown> {
    return (this.#closed ??= this.#worker.terminate());
  }

  #send(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromThread, identities: () => Promise<Identities>): void {
    if (message.type === 'identities-wanted') {
      void this.#sendIdentities(identities);
      return;
    }
    const waiting = this.#waiting.get(message.number);
    this.#waiting.delete(message.number);
    if (message.type === 'done') waiting?.resolve(message.result);
    else waiting?.reject(errorOf(message.problem));
  }

  async #sendIdentities(identities: () => Promise<Identities>): Promise<void> {
    try {
      const { list, unusable } = await identities();
      const texts = list.map((identity) => identity.text());
      this.#send({ type: 'identities', identities: { list: texts, unusable } });
    } catch (error) {
      this.#send({ type: 'no-identities', problem: problemOf(error) });
    }
  }

  #abandon(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
