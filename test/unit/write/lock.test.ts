import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test, { type ExecutionContext } from 'ava';
import { PkiError } from '../../../src/errors.ts';
import { takeLock } from '../../../src/write/lock.ts';

function folder(t: ExecutionContext): string {
  const root = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-test-'));
  t.teardown(() => {
    rmSync(root, { recursive: true, force: true });
  });
  return path.join(root, 'state');
}

/** A state folder with a lock of this text. */
function withLock(t: ExecutionContext, text: string): { state: string; file: string } {
  const state = folder(t);
  takeLock(state)();
  const file = path.join(state, 'lock');
  writeFileSync(file, text);
  return { state, file };
}

const holder = (pid: number, host = hostname()): string => JSON.stringify({ pid, host });

/** The id of a process that has ended. */
const { pid: GONE } = spawnSync(process.execPath, ['-e', '']);

function refused(t: ExecutionContext, state: string, message: string): void {
  const error = t.throws<PkiError>(() => takeLock(state), { instanceOf: PkiError, message });
  t.is(error.code, 'ERR_LOCKED');
  t.true(error.hints[0]?.includes(path.join(state, 'lock')));
}

test('takeLock: says who holds it, and leaves nothing once it is given back', (t) => {
  const state = folder(t);
  const release = takeLock(state);
  t.is(readFileSync(path.join(state, 'lock'), 'utf8'), holder(process.pid));
  release();
  t.deepEqual(readdirSync(state), []);
});

test('takeLock: a live process of this host holds it', (t) => {
  const { state, file } = withLock(t, holder(process.ppid));
  refused(t, state, `another run works on this tree (process ${process.ppid} on "${hostname()}")`);
  t.is(readFileSync(file, 'utf8'), holder(process.ppid));
});

test('takeLock: a process of another host cannot be looked at and holds it', (t) => {
  const { state } = withLock(t, holder(GONE, 'elsewhere.example'));
  refused(t, state, `another run works on this tree (process ${GONE} on "elsewhere.example")`);
});

test('takeLock: a process that is gone from this host holds nothing', (t) => {
  const { state, file } = withLock(t, holder(GONE));
  const release = takeLock(state);
  t.is(readFileSync(file, 'utf8'), holder(process.pid));
  release();
  t.deepEqual(readdirSync(state), []);
});

for (const text of [
  '',
  '{"pid": 1',
  'null',
  '{"pid": "x", "host": "y"}',
  '{"pid": 1.5, "host": "y"}',
]) {
  test(`takeLock: a fresh lock that says ${JSON.stringify(text)} may be about to be written`, (t) => {
    const { state } = withLock(t, text);
    refused(t, state, 'another run works on this tree');
  });

  test(`takeLock: an old lock that says ${JSON.stringify(text)} holds nothing`, (t) => {
    const { state, file } = withLock(t, text);
    const before = new Date(Date.now() - 11_000);
    utimesSync(file, before, before);
    takeLock(state)();
    t.false(existsSync(file));
  });
}

test('takeLock: giving back does not take away a lock that another run took over', (t) => {
  const state = folder(t);
  const release = takeLock(state);
  const file = path.join(state, 'lock');
  writeFileSync(file, holder(process.ppid));
  release();
  t.is(readFileSync(file, 'utf8'), holder(process.ppid));
});

test('takeLock: no room for it is ERR_WRITE', (t) => {
  const state = folder(t);
  writeFileSync(state, 'a file in its place');
  const error = t.throws<PkiError>(() => takeLock(state), { instanceOf: PkiError });
  t.is(error.code, 'ERR_WRITE');
  t.regex(error.message, /nothing was written$/u);
});
