import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import type { ExecutionContext } from 'ava';
import { execa, execaSync } from 'execa';

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = path.join(PACKAGE, 'dist', 'cli.js');
/** A declaration that is loaded without a compiler, which is a fifth of each run; it is declared wherever it is there. */
export const APP = 'clusters/main.js';
const DECLARED = ['plan', 'synth', 'renew', 'rotate', 'revoke', 'reissue', 'remove', 'verify'];
const KILL_AT = path.join(PACKAGE, 'test/_helpers/kill-at.js');

export interface Person {
  readonly identity: string;
  readonly recipient: string;
}

/** An age key pair, made for one test. */
export async function newPerson(): Promise<Person> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

export interface Result {
  readonly status: number | undefined;
  readonly signal?: string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Who runs it: their identity is in SOPS_AGE_KEY. */
  readonly as?: Person;
  readonly environment?: Readonly<Record<string, string>>;
  /** Permissions hold: root, whom they do not stop, runs it as nobody. */
  readonly isUnprivileged?: boolean;
  /** Below the repository. */
  readonly folder?: string;
  /** Dies at this change of its files, or leaves the number of all in a file: see `kill-at.js`. */
  readonly killAt?: number | { readonly count: string };
}

/** A user's repository in a temporary folder, and the built program in it. */
export class Repository {
  readonly root: string;

  constructor(t: Pick<ExecutionContext, 'teardown'>, files: Readonly<Record<string, string>> = {}) {
    this.root = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-test-'));
    t.teardown(() => {
      rmSync(this.root, { recursive: true, force: true });
    });
    const modules = path.join(this.root, 'node_modules');
    mkdirSync(modules);
    symlinkSync(PACKAGE, path.join(modules, 'cdk8s-pki'));
    for (const name of ['cdk8s', 'constructs'])
      symlinkSync(path.join(PACKAGE, 'node_modules', name), path.join(modules, name));
    this.write('.gitignore', 'node_modules\n');
    this.write('package.json', '{ "type": "module" }\n');
    for (const [file, content] of Object.entries(files)) this.write(file, content);
    this.git('init', '-q', '-b', 'main');
  }

  git(...args: readonly string[]): string {
    return this.#git(args);
  }

  /** @param date of the committer, RFC 3339; default the clock's */
  commit(message = 'a commit', date?: string): void {
    this.git('add', '-A');
    this.#git(
      ['commit', '-q', '-m', message],
      date === undefined ? {} : { GIT_COMMITTER_DATE: date },
    );
  }

  #git(args: readonly string[], environment: Readonly<Record<string, string>> = {}): string {
    const env = { ...GIT, ...environment };
    return execaSync('git', args, { cwd: this.root, env, stripFinalNewline: true }).stdout;
  }

  /** Pastes a line into a shell, as a user does with a hint. */
  paste(line: string): void {
    execaSync('sh', ['-ec', line], { cwd: this.root, env: GIT });
  }

  path(file: string): string {
    return path.join(this.root, file);
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  write(file: string, content: string | Uint8Array): void {
    mkdirSync(path.dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), content);
  }

  remove(file: string): void {
    rmSync(this.path(file), { recursive: true });
  }

  /** Every file of the work tree by its path, what git ignores of the program's own included. */
  files(): Record<string, string> {
    const files: Record<string, string> = {};
    const walk = (folder: string): void => {
      for (const entry of readdirSync(this.path(folder), { withFileTypes: true })) {
        const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
        if (name === '.git' || name === 'node_modules') continue;
        if (entry.isDirectory()) walk(name);
        else if (entry.isSymbolicLink()) files[name] = `link to ${readlinkSync(this.path(name))}`;
        else files[name] = readFileSync(this.path(name), 'latin1');
      }
    };
    walk('');
    return files;
  }

  async run(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return oneOfFew(() => this.#run(args, options));
  }

  /** Starts it, sends it a signal once `moment` has come, and waits for its end. */
  async interrupt(
    args: readonly string[],
    signal: NodeJS.Signals,
    moment: () => boolean,
  ): Promise<Result> {
    return oneOfFew(async () => {
      const child = execa(process.execPath, [PROGRAM, ...this.#declared(args, '')], {
        cwd: this.root,
        env: { PATH: process.env['PATH'] ?? '', HOME: this.path('node_modules') },
        extendEnv: false,
        reject: false,
      });
      while (!moment() && child.exitCode === null) {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      child.kill(signal);
      const ended = await child;
      const { exitCode: status, stdout, stderr } = ended;
      return { status, stdout, stderr, ...(ended.signal ? { signal: ended.signal } : {}) };
    });
  }

  /** Starts it and kills it after so many milliseconds. */
  async kill(args: readonly string[], delay: number, options: RunOptions = {}): Promise<Result> {
    return oneOfFew(() => this.#run(args, options, delay));
  }

  #declared(args: readonly string[], folder: string): readonly string[] {
    const [command = ''] = args;
    const isGiven = !DECLARED.includes(command) || args.includes('--app');
    return isGiven || !existsSync(path.join(this.path(folder), APP))
      ? args
      : [...args, '--app', APP];
  }

  async #run(args: readonly string[], options: RunOptions, delay?: number): Promise<Result> {
    const { as, environment = {}, folder = '', isUnprivileged = false, killAt } = options;
    const isRoot = process.getuid?.() === 0;
    if (isUnprivileged && isRoot) execaSync('chown', ['-R', `${NOBODY}:${NOBODY}`, this.root]);
    const hook = killAt === undefined ? [] : [`--import=${KILL_AT}`];
    const kill =
      typeof killAt === 'object' ? { KILL_COUNT: killAt.count } : { KILL_AT: String(killAt ?? '') };
    const { exitCode, signal, stdout, stderr } = await execa(
      process.execPath,
      [...hook, PROGRAM, ...this.#declared(args, folder)],
      {
        cwd: this.path(folder),
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: this.path('node_modules'), // where no identity is found by default
          ...(as === undefined ? {} : { SOPS_AGE_KEY: as.identity }),
          ...environment,
          ...(killAt === undefined ? {} : kill),
        },
        extendEnv: false,
        reject: false,
        stripFinalNewline: false,
        ...(isUnprivileged && isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
        ...(delay === undefined ? {} : { timeout: delay, killSignal: 'SIGKILL' as const }),
      },
    );
    return { status: exitCode, stdout, stderr, ...(signal === undefined ? {} : { signal }) };
  }
}

const NOBODY = 65_534;

/** Tests of a file run at once; so many processes of theirs do. */
const MOST_AT_ONCE = 2;
let running = 0;
const waiting: (() => void)[] = [];

async function oneOfFew<T>(work: () => Promise<T>): Promise<T> {
  if (running >= MOST_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

const GIT = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
};

/** Paths that differ between two states of a repository. */
export function changed(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((file) => before[file] !== after[file])
    .sort();
}

/** A repository with the tree of a declaration, committed when it was made. */
export async function synthesized(
  t: ExecutionContext,
  main: string,
  now: string,
): Promise<Repository> {
  const repository = new Repository(t, { [APP]: main });
  const { status, stderr } = await repository.run(['synth', '--now', now]);
  t.is(status, 0, stderr);
  repository.commit('synth', now);
  return repository;
}
