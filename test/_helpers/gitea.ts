import { spawn } from 'node:child_process';
import {
  chownSync,
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import { toolPath } from './tools.ts';

const NOBODY = 65_534;

/** The parts of its source tree that it serves from. */
const STATIC = ['options', 'public', 'templates'];

type Json = Readonly<Record<string, unknown>>;

/** A real Gitea on loopback, with SQLite, in a temporary folder. It refuses to be root: as root it runs as nobody. */
export class Gitea {
  readonly url: string;
  readonly admin: string;
  readonly #folder: string;
  readonly #program: string;

  private constructor(folder: string, program: string, port: number) {
    this.#folder = folder;
    this.#program = program;
    this.url = `http://127.0.0.1:${port}`;
    this.admin = 'keeper';
  }

  /** @param actions whether it has Actions; no runner is there to take its jobs. */
  static async start(
    t: Pick<ExecutionContext, 'teardown'>,
    { actions = false } = {},
  ): Promise<Gitea> {
    const folder = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-gitea-'));
    t.teardown(() => {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    });
    const port = await freePort();
    const program = path.join(folder, 'gitea');
    place(toolPath('gitea'), program);
    for (const name of STATIC) {
      const from = path.join(toolPath('gitea-files'), name);
      cpSync(from, path.join(folder, 'static', name), { recursive: true });
    }
    mkdirSync(path.join(folder, 'data'));
    const gitea = new Gitea(folder, program, port);
    writeFileSync(path.join(folder, 'app.ini'), gitea.#configuration(port, actions));
    await execa('chmod', ['-R', 'go+rX', folder]);
    if (isRoot()) {
      for (const name of ['', 'data', 'app.ini'])
        chownSync(path.join(folder, name), NOBODY, NOBODY);
    }
    const log = openSync(path.join(folder, 'output'), 'w');
    const child = spawn(program, ['web', '--config', path.join(folder, 'app.ini')], {
      ...gitea.#process(),
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    t.teardown(async () => {
      child.kill('SIGTERM');
      await ended;
    });
    for (let tries = 0; ; tries += 1) {
      const isUp = await fetch(`${gitea.url}/api/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isUp) break;
      if (child.exitCode !== null || tries > 600) {
        throw new Error(
          `Gitea did not start: ${readFileSync(path.join(folder, 'output'), 'utf8')}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await gitea.addUser(gitea.admin, ['--admin']);
    return gitea;
  }

  async addUser(name: string, flags: readonly string[] = []): Promise<void> {
    await this.#cli(
      ...['user', 'create', '--username', name, '--email', `${name}@example.com`],
      ...['--random-password', '--must-change-password=false', ...flags],
    );
  }

  async token(user: string, scopes = 'all'): Promise<string> {
    const name = `t${Math.random().toString(36).slice(2)}`;
    const args = ['--username', user, '--token-name', name, '--scopes', scopes, '--raw'];
    return (await this.#cli('user', 'generate-access-token', ...args)).trim();
  }

  /** A request to its API; throws where it is refused. */
  async api(token: string, method: string, route: string, body?: Json): Promise<unknown> {
    const response = await fetch(`${this.url}/api/v1${route}`, {
      method,
      headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async #cli(...args: readonly string[]): Promise<string> {
    const config = ['--config', path.join(this.#folder, 'app.ini')];
    const { stdout } = await execa(this.#program, ['admin', ...args, ...config], this.#process());
    return stdout;
  }

  #process(): {
    readonly cwd: string;
    readonly env: NodeJS.ProcessEnv;
    readonly extendEnv: false;
    readonly uid?: number;
    readonly gid?: number;
  } {
    return {
      cwd: this.#folder,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: this.#folder,
        USER: userName(),
        GITEA_WORK_DIR: this.#folder,
      },
      extendEnv: false,
      ...(isRoot() ? { uid: NOBODY, gid: NOBODY } : {}),
    };
  }

  #configuration(port: number, actions: boolean): string {
    const { url } = this;
    const data = path.join(this.#folder, 'data');
    return `
APP_NAME = test
RUN_USER = ${userName()}
RUN_MODE = prod
WORK_PATH = ${this.#folder}
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = ${port}
ROOT_URL = ${url}/
STATIC_ROOT_PATH = ${path.join(this.#folder, 'static')}
APP_DATA_PATH = ${data}
DISABLE_SSH = true
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
PATH = ${path.join(data, 'gitea.db')}
[repository]
ROOT = ${path.join(data, 'repositories')}
DEFAULT_BRANCH = main
[security]
INSTALL_LOCK = true
SECRET_KEY = only-for-this-test
PASSWORD_HASH_ALGO = pbkdf2_v2
[service]
DISABLE_REGISTRATION = true
[log]
MODE = console
LEVEL = warn
[cron]
ENABLED = false
[actions]
ENABLED = ${actions}
`;
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function userName(): string {
  return isRoot() ? 'nobody' : (process.env['USER'] ?? '');
}

/** Nobody may not look into root's home, where the tools are. */
function place(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
