import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** A folder of its own, removed after the test. */
export function scratch(t: ExecutionContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-jobs-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Programs that stand for the network: `npm` installs nothing, `npx` runs this product. */
export function programs(t: ExecutionContext): string {
  const folder = scratch(t);
  const write = (name: string, script: string): void => {
    writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(folder, name), 0o755);
  };
  const links = ['cdk8s', 'constructs'].map((name) => `'${ROOT}/node_modules/${name}'`);
  write(
    'npm',
    `mkdir node_modules\nln -s '${ROOT}' node_modules/cdk8s-pki\nln -s ${links.join(' ')} node_modules`,
  );
  write('npx', `shift; exec '${process.execPath}' '${ROOT}/dist/cli.js' "$@"`);
  return folder;
}

/** Runs a job's script; throws with what it printed where it fails. */
export async function bash(
  script: string,
  { cwd, bin, env }: { cwd: string; bin: string; env: Readonly<Record<string, string>> },
): Promise<void> {
  await execa('bash', ['-euo', 'pipefail', '-c', script], {
    cwd,
    env: {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      HOME: cwd,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: 'Test',
      GIT_AUTHOR_EMAIL: 'test@example.com',
      GIT_COMMITTER_NAME: 'Test',
      GIT_COMMITTER_EMAIL: 'test@example.com',
      ...env,
    },
    extendEnv: false,
  });
}
