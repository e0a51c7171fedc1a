import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { runProgram, succeed, type Ran } from './run-program.ts';
import { toolPath, type ToolName } from './tools.ts';

/** The owners of the recipients in `clusters/main.ts`, and those of an etcd that is not in it. */
export const ROLES = [
  'custodian',
  'flux',
  'flux-prod-eu-1',
  'cp-1',
  'cp-2',
  'cp-3',
  'node-1',
  'etcd-1',
  'etcd-2',
  'etcd-3',
] as const;

export type Role = (typeof ROLES)[number];

const PACKAGE = path.resolve(import.meta.dirname, '../..');
const CLI = path.join(PACKAGE, 'dist/cli.js');

/** The sample fleet in a git repository of its own, made by the real command line program. */
export class Fleet {
  /** The repository. */
  readonly root: string;
  /** For what a test makes: outside of the repository, in memory where there is such a file system. */
  readonly scratch: string;
  /** Given to every process as its folder for temporary files. */
  readonly temporary: string;
  readonly #base: string;

  private constructor() {
    const memory = '/dev/shm';
    this.#base = mkdtempSync(path.join(existsSync(memory) ? memory : tmpdir(), 'cdk8s-pki-'));
    [this.root, this.scratch, this.temporary] = ['repository', 'scratch', 'temporary'].map((name) =>
      path.join(this.#base, name),
    ) as [string, string, string];
    for (const name of ['repository/clusters', 'scratch', 'temporary', 'home', 'identities']) {
      mkdirSync(path.join(this.#base, name), { recursive: true, mode: 0o700 });
    }
  }

  /** A repository with a declaration and recipients, and nothing made from them yet. */
  static async prepare(): Promise<Fleet> {
    if (!existsSync(CLI)) throw new Error('dist/cli.js is missing: npm run build');
    const fleet = new Fleet();
    const recipients: Record<string, string> = {};
    for (const role of ROLES) {
      const file = fleet.identityFile(role);
      await fleet.succeed('age-keygen', ['-o', file]);
      recipients[role] = (await fleet.succeed('age-keygen', ['-y', file])).toString().trim();
    }
    fleet.write('recipients.json', JSON.stringify(recipients));
    fleet.write('clusters/main.ts', readFileSync(path.join(PACKAGE, 'clusters/main.ts'), 'utf8'));
    fleet.write('.gitignore', 'node_modules\n');
    const modules = path.join(fleet.root, 'node_modules');
    mkdirSync(modules);
    symlinkSync(PACKAGE, path.join(modules, 'cdk8s-pki'));
    for (const name of ['cdk8s', 'constructs']) {
      symlinkSync(path.join(PACKAGE, 'node_modules', name), path.join(modules, name));
    }
    await fleet.git('init', '--quiet', '--initial-branch=main');
    return fleet;
  }

  /** As `prepare`, with the tree made from it by a first `synth`, all committed. */
  static async create(): Promise<Fleet> {
    const fleet = await Fleet.prepare();
    const { status, stderr } = await fleet.cli(['synth']);
    if (status !== 0) throw new Error(`synth: status ${status}\n${stderr.toString()}`);
    await fleet.commit();
    return fleet;
  }

  /** The private identity of a role, readable for its owner only. */
  identityFile(role: Role): string {
    return path.join(this.#base, 'identities', role);
  }

  /** What a process gets: of the test's own environment only PATH, and an identity only where a role is named. */
  environment(role?: Role): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: path.join(this.#base, 'home'),
      TMPDIR: this.temporary,
      LC_ALL: 'C',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'A',
      GIT_AUTHOR_EMAIL: 'a@example.com',
      GIT_COMMITTER_NAME: 'A',
      GIT_COMMITTER_EMAIL: 'a@example.com',
      ...(role === undefined ? {} : { SOPS_AGE_KEY_FILE: this.identityFile(role) }),
    };
  }

  /** Runs `cdk8s-pki` in the repository; `more` is of its environment. */
  cli(
    args: readonly string[],
    role?: Role,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Ran> {
    const env = { ...this.environment(role), ...more };
    return runProgram(process.execPath, [CLI, ...args], { cwd: this.root, env });
  }

  /** Runs a foreign program in the repository. */
  run(name: ToolName, args: readonly string[], role?: Role): Promise<Ran> {
    return runProgram(toolPath(name), args, { cwd: this.root, env: this.environment(role) });
  }

  /** As `run`, and throws where the status is not 0. */
  succeed(name: ToolName, args: readonly string[], role?: Role): Promise<Buffer> {
    return succeed(toolPath(name), args, { cwd: this.root, env: this.environment(role) });
  }

  async git(...args: readonly string[]): Promise<string> {
    const options = { cwd: this.root, env: this.environment() };
    return (await succeed('git', args, options)).toString();
  }

  /** Commits all, now or at another time. */
  async commit(at = new Date()): Promise<void> {
    await this.git('add', '--all');
    const date = at.toISOString();
    const env = { ...this.environment(), GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
    const args = ['commit', '--quiet', '--message', 'Update'];
    await succeed('git', args, { cwd: this.root, env });
  }

  /** Paths below the repository of all files, sorted; `.git` and `node_modules` left out. */
  files(below = '.'): string[] {
    return readdirSync(path.join(this.root, below), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(this.root, path.join(entry.parentPath, entry.name)))
      .filter((file) => !/^(?:\.git|node_modules)\//u.test(file))
      .sort();
  }

  has(file: string): boolean {
    return existsSync(path.join(this.root, file));
  }

  read(file: string): string {
    return readFileSync(path.join(this.root, file), 'utf8');
  }

  write(file: string, content: string): void {
    writeFileSync(path.join(this.root, file), content);
  }

  /** Changes the declaration in one place. */
  editDeclaration(before: string, after: string): void {
    const text = this.read('clusters/main.ts');
    if (text.split(before).length !== 2) throw new Error(`not once in clusters/main.ts: ${before}`);
    this.write(
      'clusters/main.ts',
      text.replace(before, () => after),
    );
  }

  remove(): void {
    rmSync(this.#base, { recursive: true, force: true });
  }
}
