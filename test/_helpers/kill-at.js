import { Buffer } from 'node:buffer';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';

/*
 * `node --import=kill-at.js …`: kills the process at the change number KILL_AT of files of its folder. A change is a call that makes,
 * writes, renames or removes something, not one that opens a file to read it; a whole file counts twice: the second time, half of it is
 * written. Without KILL_AT it counts, and leaves their number in the file KILL_COUNT.
 */
const { KILL_AT, KILL_COUNT } = process.env;
delete process.env['KILL_AT'];
delete process.env['KILL_COUNT'];
let count = 0;

function step() {
  count += 1;
  return count === Number(KILL_AT);
}

function die() {
  process.kill(process.pid, 'SIGKILL');
}

/** Descriptors of files of the folder that are open to be written: Node's loader of modules has others. */
const descriptors = new Set();

/** @param {unknown} place */
function isOurs(place) {
  return descriptors.has(place) || String(place).startsWith(`${process.cwd()}/`);
}

const { O_WRONLY, O_RDWR } = fs.constants;

/** @param {unknown} flags */
function isReading(flags) {
  return typeof flags === 'number' ? (flags & (O_WRONLY | O_RDWR)) === 0 : (flags ?? 'r') === 'r';
}

/** @type {Record<string, ((...args: unknown[]) => unknown) | undefined>} */
const calls = /** @type {never} */ (fs);
const CHANGES = [
  'openSync',
  'linkSync',
  'mkdirSync',
  'mkdtempSync',
  'renameSync',
  'rmSync',
  'rmdirSync',
];
for (const name of [
  ...CHANGES,
  'copyFileSync',
  'fsyncSync',
  'closeSync',
  'writeFileSync',
  'writeSync',
]) {
  const real = calls[name];
  calls[name] = (...args) => {
    const isChange = isOurs(args[0]) && !(name === 'openSync' && isReading(args[1]));
    if (isChange && step()) die();
    if (isChange && name === 'writeFileSync' && step()) {
      const [place, content, ...rest] = args;
      const half = Buffer.from(String(content));
      real?.(place, half.subarray(0, half.length / 2), ...rest);
      die();
    }
    const result = real?.(...args);
    if (name === 'openSync' && isChange) descriptors.add(result);
    if (name === 'closeSync') descriptors.delete(args[0]);
    return result;
  };
}
syncBuiltinESMExports();

if (KILL_COUNT !== undefined) {
  process.on('exit', () => {
    fs.writeFileSync(KILL_COUNT, String(count));
  });
}
