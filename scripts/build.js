// `npm run build`, and `prepare` with it. Plain JavaScript: it runs before anything else is there.
// Compiles beside `dist` and then swaps, so that a file that has gone leaves `dist` too, and no
// program that runs from `dist` meanwhile finds it half written.
import { execFileSync } from 'node:child_process';
import { chmodSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';

const root = path.resolve(import.meta.dirname, '..');
const next = path.join(root, `dist.${String(process.pid)}`);
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

try {
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', next], {
    cwd: root,
    stdio: 'inherit',
  });
} catch {
  rmSync(next, { recursive: true, force: true });
  process.exit(1); // tsc has said why
}
chmodSync(path.join(next, 'cli.js'), 0o755);
rmSync(path.join(root, 'dist'), { recursive: true, force: true });
renameSync(next, path.join(root, 'dist'));
