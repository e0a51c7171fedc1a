/** `npm run check`: every check that runs no test. Runs them all, then says which ones failed. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { execa } from 'execa';

type Checks = Readonly<Record<string, () => readonly string[]>>;

const root = path.resolve(import.meta.dirname, '..');
const packed = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-pack-'));
const tarball = (): string =>
  path.join(packed, readdirSync(packed).find((name) => name.endsWith('.tgz')) ?? 'not-packed.tgz');

/** ESLint, which reads all types, takes as long as the rest, so it runs beside that. */
const LINT: Checks = { eslint: () => ['eslint', '.', '--max-warnings', '0'] };
/** In order: `pack` builds the file that `publint` and `types of the package` look at. */
const OTHERS: Checks = {
  types: () => ['tsc', '--noEmit'],
  prettier: () => ['prettier', '--check', '--log-level', 'warn', '.'],
  knip: () => ['knip'],
  pack: () => ['npm', 'pack', '--silent', '--pack-destination', packed],
  publint: () => ['publint', '--strict', tarball()],
  'types of the package': () => ['attw', tarball(), '--profile', 'esm-only', '--no-emoji'],
};

const failed: string[] = [];

/** One check after the other; each says at its end all that it found. */
async function run(checks: Checks): Promise<void> {
  for (const [name, command] of Object.entries(checks)) {
    const [program = '', ...parameters] = command();
    const {
      failed: hasFailed,
      durationMs,
      all,
    } = await execa(program, parameters, {
      cwd: root,
      preferLocal: true,
      reject: false,
      stdin: 'ignore',
      all: true,
    });
    if (hasFailed) failed.push(name);
    const seconds = (durationMs / 1000).toFixed(1);
    const found = all === '' ? '' : `${all}\n`;
    process.stderr.write(`${found}check: ${name}: ${hasFailed ? 'FAILED' : 'ok'} (${seconds} s)\n`);
  }
}

try {
  await Promise.all([run(LINT), run(OTHERS)]);
} finally {
  rmSync(packed, { recursive: true, force: true });
}
if (failed.length > 0) {
  process.stderr.write(`check: failed: ${failed.join(', ')}\n`);
  process.exitCode = 1;
}
