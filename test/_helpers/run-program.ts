import { execa } from 'execa';

export interface Ran {
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export interface RunOptions {
  readonly cwd: string;
  /** The whole environment: nothing of the test's own is passed on. */
  readonly env: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
}

/** Runs a program to its end, whatever its status. Throws where it did not start or a signal ended it. */
export async function runProgram(
  file: string,
  args: readonly string[],
  { cwd, env, input = '' }: RunOptions,
): Promise<Ran> {
  const { exitCode, stdout, stderr, shortMessage } = await execa(file, args, {
    cwd,
    env,
    input,
    extendEnv: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    reject: false,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (exitCode === undefined) throw new Error(shortMessage ?? `cannot run ${file}`);
  return { status: exitCode, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) };
}

/** As `runProgram`, for a step that a test only builds on: throws where the status is not 0. */
export async function succeed(
  file: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Buffer> {
  const { status, stdout, stderr } = await runProgram(file, args, options);
  if (status === 0) return stdout;
  throw new Error(`${file} ${args.join(' ')}: status ${status}\n${stderr.toString()}`);
}

/** Maps with four at work at a time; results in the order of the items. */
export async function inParallel<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  return results;
}
