import type { ExecutionContext } from 'ava';
import { declaration } from './declaration.ts';
import { APP, Repository, type Person, type Result, type RunOptions } from './run-cli.ts';

/** What the program printed of an error. */
export interface Refusal {
  readonly code: string | undefined;
  readonly message: string;
  readonly details: readonly string[];
  readonly hints: readonly string[];
}

function refusalOf({ stderr }: Result): Refusal {
  const lines = stderr.split('\n');
  const after = (prefix: string): string[] =>
    lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
  const [line = ''] = after('cdk8s-pki: error: ');
  const [, message = line, code] = /^(.*) \[(ERR_[A-Z_]+)\]$/u.exec(line) ?? [];
  return {
    code,
    message,
    details: after('cdk8s-pki:   '),
    hints: after('cdk8s-pki: hint: '),
  };
}

export interface Expected {
  readonly code: string;
  readonly message: string | RegExp;
  readonly details?: readonly string[];
  /** Must match one of the hints. */
  readonly hint: RegExp;
  readonly status?: number;
}

/** Runs a command that must be refused, and leave every file as it is, byte for byte. */
export async function refused(
  t: ExecutionContext,
  repository: Repository,
  args: readonly string[],
  expected: Expected,
  options: RunOptions = {},
): Promise<Refusal> {
  const before = repository.files();
  const result = await repository.run(args, options);
  const refusal = refusalOf(result);
  t.deepEqual(
    { code: refusal.code, status: result.status, stdout: result.stdout },
    { code: expected.code, status: expected.status ?? 1, stdout: '' },
    result.stderr,
  );
  if (typeof expected.message === 'string') t.is(refusal.message, expected.message);
  else t.regex(refusal.message, expected.message);
  if (expected.details !== undefined) t.deepEqual(refusal.details, expected.details);
  t.true(
    refusal.hints.some((hint) => expected.hint.test(hint)),
    refusal.hints.join('\n'),
  );
  t.deepEqual(repository.files(), before);
  return refusal;
}

/** The files of a synthesized repository. */
export type Files = Readonly<Record<string, string>>;

/** Synthesizes a declaration once, for tests that start from its tree. */
export async function synthesized(
  recipients: readonly Person[],
  over: Partial<Parameters<typeof declaration>[0]> = {},
): Promise<Files> {
  const main = declaration({ recipients: recipients.map(({ recipient }) => recipient), ...over });
  const cleanups: (() => unknown)[] = [];
  const teardown = (cleanup: () => unknown): number => cleanups.push(cleanup);
  const repository = new Repository({ teardown }, { [APP]: main });
  try {
    const { status, stderr } = await repository.run(['synth']);
    if (status !== 0) throw new Error(stderr);
    return repository.files();
  } finally {
    for (const cleanup of cleanups) cleanup();
  }
}

/** A repository with a commit of these files. */
export function committed(t: Pick<ExecutionContext, 'teardown'>, files: Files): Repository {
  const repository = new Repository(t, files);
  repository.commit();
  return repository;
}

/** Changes a file, and fails where nothing came of it. */
export function edit(
  repository: Repository,
  file: string,
  from: string | RegExp,
  to: string,
): void {
  const before = repository.read(file);
  const after = before.replace(from, to);
  if (after === before) throw new RangeError(`${file} has no ${String(from)}`);
  repository.write(file, after);
}
