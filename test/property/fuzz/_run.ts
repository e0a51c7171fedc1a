import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import process from 'node:process';
import test from 'ava';
import { PkiError } from '../../../src/errors.ts';
import type { PrivateKeyScanner } from '../../_helpers/private-key-scanner.ts';
import { mutate, type Mutation } from './_mutate.ts';
import { Random } from './_random.ts';

const isSlow = process.env['SLOW'] === '1';
/** `FUZZ_SEED=7` runs other cases; the default is fixed, so that a run can be repeated. */
const BASE = Number(process.env['FUZZ_SEED'] ?? '1');

export interface Target {
  readonly title: string;
  /** Sound inputs: each is accepted as it is. */
  readonly seeds: readonly Buffer[];
  readonly mutations: readonly Mutation[];
  /** Cases with SLOW=1; a tenth of them otherwise. */
  readonly cases: number;
  /** The least share of cases that must be refused, and that must be accepted: else nothing is proved. */
  readonly refused: number;
  readonly accepted: number;
  /** Returns for what it accepts, `refused` for what it takes note of without an error; throws a PkiError for the rest. */
  readonly run: (input: Buffer, random: Random) => unknown;
  /** Texts that no error may hold. */
  readonly secrets?: readonly string[];
  readonly scanner?: PrivateKeyScanner;
}

export const REFUSED = Symbol('refused');

export function fuzz(target: Target): void {
  test.serial(`fuzz: ${target.title}`, async (t) => {
    t.timeout(600_000);
    const stop = watch(target.title);
    try {
      for (const seed of target.seeds) t.not(await target.run(seed, new Random(0)), REFUSED);
      const cases = Math.ceil(target.cases / (isSlow ? 1 : 10));
      let refused = 0;
      for (let index = 0; index < cases; index += 1) {
        const seed = BASE * 1_000_003 + index;
        stop.begin(seed);
        if (await isRefused(target, seed)) refused += 1;
      }
      t.log(
        `${cases} cases from FUZZ_SEED=${BASE}: ${refused} refused, ${cases - refused} accepted`,
      );
      t.true(refused >= cases * target.refused, `only ${refused} of ${cases} were refused`);
      t.true(cases - refused >= cases * target.accepted, `all but ${cases - refused} were refused`);
    } finally {
      await stop.end();
    }
  });
}

async function isRefused(target: Target, seed: number): Promise<boolean> {
  const random = new Random(seed);
  const input = mutate(random, target.seeds, target.mutations);
  try {
    return (await target.run(input, random)) === REFUSED;
  } catch (error) {
    const fail = (what: string): never => {
      throw new Error(
        `${what}: ${target.title}, seed ${seed}, input in ${kept(input, seed)}\n${textOf(error)}`,
        { cause: error },
      );
    };
    if (!(error instanceof PkiError)) return fail('a crash');
    const text = textOf(error);
    if (target.secrets?.some((secret) => text.includes(secret)) === true)
      fail('an identity is told');
    if ((target.scanner?.scan(Buffer.from(text)) ?? []).length > 0) fail('a private key is told');
    return true;
  }
}

/** Keys differ from run to run, so the seed alone does not bring an input back. */
function kept(input: Buffer, seed: number): string {
  const file = path.join(tmpdir(), `fuzz-${seed}`);
  writeFileSync(file, input);
  return file;
}

/** All that an error could show to anybody, its causes included. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error instanceof PkiError ? [...error.details, ...error.hints] : [];
  return [
    error.stack ?? '',
    error.message,
    ...own,
    error.cause === undefined ? '' : textOf(error.cause),
  ].join('\n');
}

/**
 * A case that takes so many microseconds of the processor hangs: no input here is larger than some tens of kilobytes. Time on the wall
 * would say so of a busy machine; one that waits for ever, and takes none, the test runner ends.
 */
const HANGS_AFTER = 30e6;

/** Another thread looks on, since a loop would not let this one: it names the case and ends the process. */
function watch(title: string): { begin: (seed: number) => void; end: () => Promise<unknown> } {
  const seed = new BigInt64Array(new SharedArrayBuffer(8));
  const worker = new Worker(
    `const { workerData: { seed, title, limit } } = require('node:worker_threads');
     let last, since = process.cpuUsage();
     setInterval(() => {
       const now = Atomics.load(seed, 0);
       if (now !== last) [last, since] = [now, process.cpuUsage()];
       else if (process.cpuUsage(since).user > limit) {
         require('node:fs').writeSync(2, 'hangs: ' + title + ', seed ' + now + '\\n');
         process.kill(process.pid, 'SIGKILL');
       }
     }, 1000);`,
    { eval: true, workerData: { seed, title, limit: HANGS_AFTER }, execArgv: [] },
  );
  worker.unref();
  return {
    begin: (value) => Atomics.store(seed, 0, BigInt(value)),
    end: () => worker.terminate(),
  };
}
