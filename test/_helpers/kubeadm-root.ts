import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { execa } from 'execa';
import { load } from 'js-yaml';
import type { Pod } from './static-pods.ts';
import { toolPath } from './tools.ts';

/** A folder that kubeadm takes for the root of a machine. */
export class KubeadmRoot {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-kubeadm-'));

  write(file: string, content: string, mode = 0o644): void {
    const target = path.join(this.#folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, content, { mode });
  }

  read(file: string): string {
    return readFileSync(path.join(this.#folder, file), 'utf8');
  }

  /** Every file with its content. */
  files(): Map<string, string> {
    return new Map(
      readdirSync(this.#folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(this.#folder, path.join(entry.parentPath, entry.name)))
        .sort()
        .map((file) => [file, this.read(file)]),
    );
  }

  /** Runs phases of `kubeadm init`; `config` is a file below the root. */
  async init(phases: readonly string[], config: string): Promise<void> {
    for (const phase of phases)
      await this.run(['init', 'phase', ...phase.split(' '), '--config', config]);
  }

  async run(args: readonly string[]): Promise<string> {
    const command = [toolPath('kubeadm'), '--rootfs', this.#folder, ...args];
    // changing the root is for root: a user is one in a namespace of their own
    if (process.getuid?.() !== 0) command.unshift('unshare', '--map-root-user');
    const [file = '', ...rest] = command;
    const env = { PATH: process.env['PATH'] ?? '' };
    const { stdout, stderr } = await execa(file, rest, { env, extendEnv: false });
    return stdout + stderr;
  }

  pod(name: string): Pod {
    return load(this.read(`etc/kubernetes/manifests/${name}.yaml`)) as Pod;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
