import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { DesiredFleet, DesiredUnit } from '../model/desired.ts';
import type { Selection } from '../model/selection.ts';
import { Consistency } from './consistency.ts';
import { engineFlags } from './engine.ts';
import { scrubEnvironment } from './environment.ts';
import { failure, invalid, malformed, stopped } from './failures.ts';
import { lines } from './lines.ts';
import { parseRecord } from './parse-record.ts';
import type { PkiError } from '../errors.ts';
import { ShapeError } from './shape.ts';
import { untilEnded } from './untrusted-pipe.ts';

export interface LoadOptions {
  /** The declaration's file, from `cwd`. */
  readonly file: string;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What to hand over; all of it where nothing is said. */
  readonly selection?: Selection;
  /** Whether clusters without problems are handed over where others have some. */
  readonly toleratesBroken?: boolean;
  /** Ends the declaration's process. */
  readonly signal?: AbortSignal;
}

/** What a declaration hands over, checked: how large the selected part of the fleet is, the fleet, then its units until the end. */
export type LoadedRecord =
  /** Said before the declaration is checked, for who gets ready: it may have problems still. */
  | { readonly type: 'size'; readonly clusters: number }
  | {
      readonly type: 'fleet';
      readonly fleet: DesiredFleet;
      /** Clusters that are announced and not handed over, each with why; none where they are not tolerated. */
      readonly broken: ReadonlyMap<string, PkiError>;
    }
  | { readonly type: 'unit'; readonly unit: DesiredUnit };

/** The program of the declaration's process. From the sources it is the built one, too: the process runs without a loader. */
const PROGRAM = fileURLToPath(
  new URL('dist/declare/main.js', import.meta.resolve('cdk8s-pki/package.json')),
);

/** A smaller space for what is new, in MiB, since clusters are described one by one: with 8 Node 26 takes a tenth less time, and 12 MiB more. */
const FLAGS = [...engineFlags('declaration'), '--max-semi-space-size=4'];

/**
 * Runs a declaration in a process of its own, without secrets in its environment, and gives what it declares, one unit at a time;
 * the process waits while a unit is worked on. Leaving the loop early ends the process.
 * @throws PkiError ERR_DECLARATION_INVALID with one detail a problem; ERR_DECLARATION where there is nothing to check
 */
export async function* loadDeclaration(options: LoadOptions): AsyncGenerator<LoadedRecord, void> {
  const { cwd, environment, signal, ...what } = options;
  const { file, selection = {} } = what;
  const child = execa(process.execPath, [...FLAGS, PROGRAM, file, JSON.stringify(selection)], {
    cwd,
    env: scrubEnvironment(environment),
    extendEnv: false,
    // What the declaration prints is for people: our results go to standard output alone.
    stdio: ['ignore', process.stderr.fd, process.stderr.fd, 'pipe'],
    buffer: false,
    reject: false,
    cleanup: true, // an interrupt of this process ends that one,
    killSignal: 'SIGKILL', // whatever handlers its code has
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  // execa would wait for the pipe, which another program may hold
  const ending = async () => {
    await exited;
    child.stdio[3].destroy();
    return child;
  };
  try {
    const ended = yield* checked(what, untilEnded(child.stdio[3], exited));
    if (!ended) throw stopped(file, await ending());
  } finally {
    child.kill('SIGKILL');
    await ending();
  }
}

type What = Pick<LoadOptions, 'file' | 'selection' | 'toleratesBroken'>;

/** Gives the records that are as they should be; whether the last one was the end. */
async function* checked(
  { file, selection = {}, toleratesBroken = false }: What,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<LoadedRecord, boolean> {
  let consistency: Consistency | undefined;
  let isFirst = true;
  try {
    for await (const line of lines(chunks)) {
      const record = parseRecord(line);
      if (record.type === 'failed') throw failure(file, record.reason);
      if (record.type === 'invalid') throw invalid(record.problems);
      if (record.type === 'size' && isFirst) yield record;
      else if (record.type === 'fleet' && consistency === undefined) {
        const { type, fleet, broken } = record;
        if (broken.length > 0 && !toleratesBroken)
          throw invalid(broken.flatMap(({ problems }) => problems));
        consistency = new Consistency(fleet, selection, broken);
        const errors = broken.map(({ cluster, problems }) => [cluster, invalid(problems)] as const);
        yield { type, fleet, broken: new Map(errors) };
      } else if (record.type === 'unit' && consistency !== undefined) {
        consistency.unit(record.unit);
        yield record;
      } else if (record.type === 'end' && consistency !== undefined) {
        consistency.end();
        return true;
      } else throw new ShapeError(`record "${record.type}"`, 'in its place');
      isFirst = false;
    }
    return false;
  } catch (error) {
    throw error instanceof ShapeError ? malformed(file, error.message) : error;
  }
}
