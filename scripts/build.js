// `npm run build`, and `prepare` with it. Plain JavaScript: it runs before anything else is there.
// Builds beside `dist` and then swaps, so that a file that has gone leaves `dist` too, and no
// program that runs from `dist` meanwhile finds it half written.
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');
const next = path.join(root, `dist.${String(process.pid)}`);
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

/** Every program, and the library. They share chunks, so that each class is there once. */
const ENTRIES = ['cli', 'index', 'declare/main', 'commands/pipeline/threads/worker'];

/** Beside the programs: what they contain was written by others. */
const NOTICES = 'THIRD-PARTY-LICENSES.txt';

/** @typedef {{ name: string, version: string, license: string, dependencies: object, peerDependencies: object }} Manifest */

/** @type {(text: string) => Manifest} */
const parseManifest = JSON.parse;

/** @param {string} folder */
const manifestOf = (folder) =>
  parseManifest(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));

/**
 * What users install is one set of files that was tested as it is: of several hundred modules, most of a short run would be looking for
 * them. The declaration's own libraries stay the user's.
 */
async function bundle() {
  const { dependencies, peerDependencies } = manifestOf('.');
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ENTRIES.map((entry) => `src/${entry}.ts`),
    outbase: 'src',
    outdir: next,
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: [dependencies, peerDependencies].flatMap(Object.keys),
    // CommonJS modules in the bundle ask for modules of Node.
    banner: {
      js: "import { createRequire as createRequireOf } from 'node:module'; const require = createRequireOf(import.meta.url);",
    },
    metafile: true,
    logLevel: 'warning',
  });
  const folders = Object.keys(metafile.inputs).flatMap(
    (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(file) ?? [],
  );
  writeFileSync(path.join(next, NOTICES), [...new Set(folders)].sort().map(notice).join('\n'));
}

/** @param {string} folder of a package */
function notice(folder) {
  const { name, version, license } = manifestOf(folder);
  const texts = readdirSync(path.join(root, folder)).filter((file) =>
    /^(?:licen[cs]e|notice)(?:[.-].*)?$/iu.test(file),
  );
  if (texts.length === 0) throw new Error(`${folder} has no text of its licence`);
  const read = texts.map((file) => readFileSync(path.join(root, folder, file), 'utf8').trim());
  return `${'='.repeat(80)}\n${name} ${version} (${license})\n\n${read.join('\n\n')}\n`;
}

try {
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', next], {
    cwd: root,
    stdio: 'inherit',
  });
  await bundle();
} catch (error) {
  rmSync(next, { recursive: true, force: true });
  // tsc and esbuild have said why
  if (error instanceof Error && !('status' in error) && !('errors' in error)) throw error;
  process.exit(1);
}
chmodSync(path.join(next, 'cli.js'), 0o755);
rmSync(path.join(root, 'dist'), { recursive: true, force: true });
renameSync(next, path.join(root, 'dist'));
