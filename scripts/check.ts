/** `npm run check`: every check that runs no test. Runs them all, then says which ones failed. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { execa } from 'execa';

const root = path.resolve(import.meta.dirname, '..');
const packed = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-pack-'));
const tarball = (): string =>
  path.join(packed, readdirSync(packed).find((name) => name.endsWith('.tgz')) ?? 'not-packed.tgz');

/** In order: `pack` builds the file that `publint` and `types of the package` look at. */
const CHECKS: Readonly<Record<string, () => readonly string[]>> = {
  types: () => ['tsc', '--noEmit'],
  eslint: () => ['eslint', '.', '--max-warnings', '0'],
  prettier: () => ['prettier', '--check', '--log-level', 'warn', '.'],
  knip: () => ['knip'],
  pack: () => ['npm', 'pack', '--silent', '--pack-destination', packed],
  publint: () => ['publint', '--strict', tarball()],
  'types of the package': () => ['attw', tarball(), '--profile', 'esm-only', '--no-emoji'],
};

const failed: string[] = [];
try {
  for (const [name, command] of Object.entries(CHECKS)) {
    const [program = '', ...parameters] = command();
    const { failed: hasFailed, durationMs } = await execa(program, parameters, {
      cwd: root,
      preferLocal: true,
      reject: false,
      stdin: 'ignore',
      stdout: 'inherit',
      stderr: 'inherit',
    });
    if (hasFailed) failed.push(name);
    const seconds = (durationMs / 1000).toFixed(1);
    process.stderr.write(`check: ${name}: ${hasFailed ? 'FAILED' : 'ok'} (${seconds} s)\n`);
  }
} finally {
  rmSync(packed, { recursive: true, force: true });
}
if (failed.length > 0) {
  process.stderr.write(`check: failed: ${failed.join(', ')}\n`);
  process.exitCode = 1;
}
