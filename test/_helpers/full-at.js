import { Buffer } from 'node:buffer';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';

/*
 * `node --import=full-at.js …`: from the write number FULL_AT on, the disk is full for files of the process's folder: what takes room
 * fails with ENOSPC, what gives room does not. A whole file counts twice: the second time, half of it is written. The number of all
 * writes is left in the file FULL_COUNT.
 */
const { FULL_AT, FULL_COUNT } = process.env;
delete process.env['FULL_AT'];
delete process.env['FULL_COUNT'];
let count = 0;

/** @param {unknown} place */
function isFull(place) {
  if (!String(place).startsWith(`${process.cwd()}/`)) return false;
  count += 1;
  return count >= Number(FULL_AT);
}

/** @param {string} call @param {unknown} place */
function noSpace(call, place) {
  const message = `ENOSPC: no space left on device, ${call} '${String(place)}'`;
  return Object.assign(new Error(message), { code: 'ENOSPC', errno: -28, path: String(place) });
}

/** @type {Record<string, ((...args: unknown[]) => unknown) | undefined>} */
const calls = /** @type {never} */ (fs);
for (const name of ['linkSync', 'mkdirSync', 'mkdtempSync', 'renameSync', 'copyFileSync']) {
  const real = calls[name];
  calls[name] = (...args) => {
    if (isFull(args[0])) throw noSpace(name, args[0]);
    return real?.(...args);
  };
}
const write = calls['writeFileSync'];
calls['writeFileSync'] = (...args) => {
  const [place, content, ...rest] = args;
  if (isFull(place)) throw noSpace('open', place);
  if (isFull(place)) {
    const whole = Buffer.from(String(content));
    write?.(place, whole.subarray(0, whole.length / 2), ...rest);
    throw noSpace('write', place);
  }
  return write?.(...args);
};
syncBuiltinESMExports();

if (FULL_COUNT !== undefined) {
  process.on('exit', () => {
    write?.(FULL_COUNT, String(count));
  });
}
