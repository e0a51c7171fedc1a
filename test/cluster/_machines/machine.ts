import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { NodeRoot } from '../../_helpers/node-root.ts';
import type { Ran } from '../../_helpers/run-program.ts';
import { toolPath, type ToolName } from '../../_helpers/tools.ts';
import { Namespaces } from './namespaces.ts';
import type { Network } from './network.ts';
import { isolate, parseStaticPod, type StaticPod } from './static-pod.ts';

const MANIFESTS = 'manifests/';
/** How long a pod may take to become ready, on a machine that is busy with other things. */
const READY_SECONDS = 150;

export interface MachineProps {
  readonly name: string;
  readonly network: Network;
  /** With prefix lengths. */
  readonly addresses: readonly string[];
  /** Lines of `/etc/hosts`. */
  readonly hosts: readonly string[];
  /** Its `etc` and `var/lib` become those of the machine. */
  readonly root: NodeRoot;
}

/** A machine of a cluster, with `/etc`, `/var/lib`, `/run` and `/var/log`, processes, network and host name of its own. */
export class Machine {
  readonly name: string;
  readonly root: NodeRoot;
  readonly #namespaces: Namespaces;
  readonly #processes = new Map<string, ChildProcess>();

  private constructor(name: string, root: NodeRoot, namespaces: Namespaces) {
    [this.name, this.root, this.#namespaces] = [name, root, namespaces];
  }

  static async create({ name, network, addresses, hosts, root }: MachineProps): Promise<Machine> {
    const etc = path.join(root.folder, 'etc');
    for (const folder of ['etc/ssl', 'var/lib', 'log', 'started']) {
      mkdirSync(path.join(root.folder, folder), { recursive: true });
    }
    const lines = ['127.0.0.1 localhost', '::1 localhost', ...hosts, ''];
    writeFileSync(path.join(etc, 'hosts'), lines.join('\n'));
    writeFileSync(path.join(etc, 'nsswitch.conf'), 'hosts: files\n');
    writeFileSync(path.join(etc, 'resolv.conf'), '');
    writeFileSync(path.join(etc, 'passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    writeFileSync(path.join(etc, 'group'), 'root:x:0:\n');
    const setup = [
      'hostname "$NODE"',
      ...['/etc', '/var/lib'].map((folder) => `mount --bind "$ROOT${folder}" ${folder}`),
      ...['/run', '/var/log'].map((folder) => `mount -t tmpfs tmpfs ${folder}`),
    ];
    const environment = { NODE: name, ROOT: root.folder };
    const namespaces = await Namespaces.create(setup.join('\n'), environment);
    await network.join(namespaces, addresses);
    return new Machine(name, root, namespaces);
  }

  /** Static pods of `/etc/kubernetes/manifests`, by name. */
  pods(): Map<string, StaticPod> {
    const files = this.root.files().filter((file) => file.startsWith(MANIFESTS));
    const pods = files.map((file) => parseStaticPod(this.root.read(file)));
    return new Map(pods.map((pod) => [pod.name, pod]));
  }

  /** Runs a program in the machine to its end. */
  run(name: ToolName, args: readonly string[], input = ''): Promise<Ran> {
    return this.runFile(toolPath(name), args, input);
  }

  runFile(file: string, args: readonly string[], input = ''): Promise<Ran> {
    return this.#namespaces.run(file, args, { cwd: '/', env: this.#environment(), input });
  }

  /** As `run`, and throws where the status is not 0. */
  async succeed(name: ToolName, args: readonly string[], input = ''): Promise<string> {
    const { status, stdout, stderr } = await this.run(name, args, input);
    if (status === 0) return stdout.toString();
    throw new Error(
      `${this.name}: ${name} ${args.join(' ')}: status ${status}\n${stderr.toString()}`,
    );
  }

  /** Puts a file into `/etc/own`, for root alone, and returns its path there. */
  write(name: string, content: string): string {
    const folder = path.join(this.root.folder, 'etc/own');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, name), content, { mode: 0o600 });
    return `/etc/own/${name}`;
  }

  /** Starts a program that runs on; what it prints goes to a file. */
  start(name: string, [program, ...args]: readonly [string, ...string[]]): void {
    const log = openSync(this.#log(name), 'a');
    const [enter = '', ...rest] = this.#namespaces.enter;
    const child = spawn(enter, [...rest, program, ...args], {
      cwd: '/',
      env: this.#environment(),
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#processes.set(name, child);
  }

  /** Starts static pods with the commands of their manifests, and waits by their probes. */
  async startPods(...names: readonly string[]): Promise<void> {
    for (const name of names) this.launchPod(name);
    for (const name of names) await this.#ready(name, this.#pod(name).probes);
  }

  /** Starts a static pod, which sees no more of the machine's files than it mounts, and waits for nothing. */
  launchPod(name: string): void {
    const pod = this.#pod(name);
    writeFileSync(this.started(name), '');
    this.start(name, ['unshare', '--mount', 'sh', '-c', isolate(pod), 'sh', ...pod.command]);
  }

  /** What a kubelet does when a manifest has changed; `grace` in seconds, as of a pod. */
  async restartPod(name: string, grace?: number): Promise<void> {
    await this.stop(name, grace);
    await this.startPods(name);
  }

  /** Ends a program, by force after a grace in seconds. */
  async stop(name: string, grace = 20): Promise<void> {
    const child = this.#processes.get(name);
    if (child === undefined) throw new Error(`${this.name} does not run "${name}"`);
    this.#processes.delete(name);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    // nsenter passes no signals on: its child is to have it
    const pid = String(child.pid);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    const signal = (which: NodeJS.Signals): void => {
      for (const own of children) {
        if (own !== '' && existsSync(`/proc/${own}`)) process.kill(Number.parseInt(own, 10), which);
      }
    };
    signal('SIGTERM');
    const timer = setTimeout(signal, grace * 1000, 'SIGKILL');
    await ended;
    clearTimeout(timer);
  }

  /** A file that is written whenever a static pod starts. */
  started(name: string): string {
    return path.join(this.root.folder, 'started', name);
  }

  isRunning(name: string): boolean {
    const child = this.#processes.get(name);
    return child?.exitCode === null && child.signalCode === null;
  }

  /** All that a program of `start` has printed. */
  log(name: string): string {
    return readFileSync(this.#log(name), 'utf8');
  }

  /** The ends of all logs, for a person who looks for why a test failed. */
  logs(lines = 8): string {
    const folder = path.join(this.root.folder, 'log');
    return readdirSync(folder)
      .map((file) => {
        const text = readFileSync(path.join(folder, file), 'utf8')
          .replaceAll(/-----BEGIN [^-]*PRIVATE KEY-----[^]*?(?:-----END|$)/gu, '[private key]')
          .trimEnd()
          .split('\n');
        return `--- ${this.name}: ${file}\n${text
          .slice(-lines)
          .map((line) => line.slice(0, 400))
          .join('\n')}\n`;
      })
      .join('');
  }

  end(): Promise<void> {
    return this.#namespaces.end();
  }

  #pod(name: string): StaticPod {
    const pod = this.pods().get(name);
    if (pod === undefined) throw new Error(`${this.name} has no static pod "${name}"`);
    return pod;
  }

  async #ready(name: string, probes: StaticPod['probes']): Promise<void> {
    const script = path.join(import.meta.dirname, 'wait-for.js');
    const timeout = String(Math.max(...probes.map(({ timeoutSeconds }) => timeoutSeconds)));
    const args = [script, String(READY_SECONDS), timeout, ...probes.map(({ url }) => url)];
    const waiting = this.runFile(process.execPath, args);
    const child = this.#processes.get(name);
    const ended = child === undefined ? Promise.reject(new Error(name)) : once(child, 'exit');
    const first = await Promise.race([waiting, ended.then(() => undefined)]);
    if (first?.status === 0) return;
    const why = first === undefined ? 'it has ended' : first.stderr.toString().trim();
    throw new Error(`${this.name}: ${name} is not ready: ${why}`);
  }

  #environment(): Record<string, string> {
    const programs = path.dirname(toolPath('etcd'));
    return { PATH: `${programs}:${process.env['PATH'] ?? ''}`, HOME: '/run', LC_ALL: 'C' };
  }

  #log(name: string): string {
    return path.join(this.root.folder, 'log', `${name}.log`);
  }
}
