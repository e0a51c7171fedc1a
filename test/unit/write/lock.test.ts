import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
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
import { lookFor, thisProcess, type ProcessIdentity } from '../../../src/write/process.ts';

const NOW = new Date('2026-11-22T08:00:00Z');
const at = (offset: number): Date => new Date(NOW.getTime() + offset);
const HOUR = 3_600_000;
const own = thisProcess();
/** Elsewhere there is no /proc, and what cannot be known holds a lock for its hour. */
const isLinux = process.platform === 'linux';

function folder(t: ExecutionContext): string {
  const root = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-test-'));
  t.teardown(() => {
    rmSync(root, { recursive: true, force: true });
  });
  return root;
}

/** A state folder with a lock of this text. */
function withLock(t: ExecutionContext, text: string): { state: string; file: string } {
  const state = folder(t);
  const file = path.join(state, 'lock');
  writeFileSync(file, text);
  return { state, file };
}

const holder = (of: Partial<ProcessIdentity>): string =>
  JSON.stringify({ ...own, ...of, since: NOW.toISOString() });

/** A process of another machine, seen from this one. */
const ELSEWHERE = { host: 'elsewhere.example', system: 'another boot pid:[1]' };

/** The id of a process that has ended. */
const { pid: GONE } = spawnSync(process.execPath, ['-e', '']);

function refused(t: ExecutionContext, state: string, message: string, now = NOW): void {
  const error = t.throws<PkiError>(() => takeLock(state, now), { instanceOf: PkiError, message });
  t.is(error.code, 'ERR_LOCKED');
  t.true(error.hints[0]?.includes(path.join(state, 'lock')));
}

test('takeLock: says who holds it, and leaves nothing once it is given back', (t) => {
  const state = folder(t);
  const lock = takeLock(state, NOW);
  t.is(readFileSync(path.join(state, 'lock'), 'utf8'), holder({}));
  t.true(lock.isHeld());
  lock.release();
  t.deepEqual(readdirSync(state), []);
});

test('takeLock: this process itself holds it, however long', (t) => {
  const state = folder(t);
  const lock = takeLock(state, NOW);
  const message = `another run works on this tree (process ${process.pid} on "${hostname()}")`;
  refused(t, state, message, at(isLinux ? 1000 * HOUR : 0));
  lock.release();
});

test('takeLock: a process that is gone holds nothing', (t) => {
  const { state } = withLock(t, holder({ pid: GONE, started: '1' }));
  const lock = takeLock(state, NOW);
  t.is(readFileSync(path.join(state, 'lock'), 'utf8'), holder({}));
  lock.release();
  t.deepEqual(readdirSync(state), []);
});

for (const [what, pid] of [
  ['another process', process.ppid],
  ['this one, as in a container that starts anew', process.pid],
] as const) {
  test(`takeLock: an id that was given again, to ${what}, holds nothing`, (t) => {
    const { state } = withLock(t, holder({ pid, started: '1' }));
    takeLock(state, isLinux ? NOW : at(HOUR)).release();
    t.deepEqual(readdirSync(state), []);
  });
}

test('takeLock: a process that has died and was not waited for holds nothing', async (t) => {
  if (!isLinux) return t.pass();
  // Its parent, a shell that became something else, never asks for its status.
  const script = 'sleep 100 & echo $!; exec sleep 100';
  const parent = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.teardown(() => parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  const stat = (): string => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /u, '');
  const found = { ...own, pid, started: stat().split(' ')[19] ?? '' };
  t.is(lookFor(found), 'alive');
  process.kill(pid, 'SIGKILL');
  while (!stat().startsWith('Z')) await new Promise((resolve) => setTimeout(resolve, 5));
  t.is(lookFor(found), 'gone');
});

test('takeLock: a process of another machine, boot or container holds it for an hour', (t) => {
  const { state, file } = withLock(t, holder({ pid: GONE, ...ELSEWHERE }));
  const message = `another run works on this tree (process ${GONE} on "elsewhere.example")`;
  refused(t, state, message);
  refused(t, state, message, at(HOUR - 1));
  refused(t, state, message, at(-1000 * HOUR));
  const lock = takeLock(state, at(HOUR));
  t.true(readFileSync(file, 'utf8').includes(`"pid":${process.pid},`));
  lock.release();
});

test('takeLock: another machine may have the same name', (t) => {
  t.is(lookFor({ ...own, pid: GONE, system: 'another boot' }), isLinux ? 'unknown' : 'gone');
});

test('takeLock: without /proc, a live process of this host holds it for an hour', (t) => {
  const bare = { pid: process.ppid, host: own.host };
  t.is(lookFor(bare, { pid: 1, host: own.host }), 'unknown');
  t.is(lookFor({ ...bare, pid: GONE }, { pid: 1, host: own.host }), 'gone');
  t.is(lookFor({ ...bare, host: 'x' }, { pid: 1, host: own.host }), 'unknown');
});

for (const text of [
  '',
  '{"pid": 1',
  'null',
  '{"pid": "x", "host": "y", "since": "2026-11-22T08:00:00Z"}',
  '{"pid": 1.5, "host": "y", "since": "2026-11-22T08:00:00Z"}',
  '{"pid": 0, "host": "y", "since": "2026-11-22T08:00:00Z"}',
  '{"pid": 1, "host": "y", "since": "yesterday"}',
  '{"pid": 1, "host": "y"}',
]) {
  test(`takeLock: a fresh lock that says ${JSON.stringify(text)} may be about to be written`, (t) => {
    const { state, file } = withLock(t, text);
    utimesSync(file, at(-9_999), at(-9_999));
    refused(t, state, 'another run works on this tree');
  });

  test(`takeLock: an old lock that says ${JSON.stringify(text)} holds nothing`, (t) => {
    const { state, file } = withLock(t, text);
    utimesSync(file, at(-10_000), at(-10_000));
    takeLock(state, NOW).release();
    t.false(existsSync(file));
  });
}

test('takeLock: who was taken over sees so, and does not take the lock away', (t) => {
  const state = folder(t);
  const lock = takeLock(state, NOW);
  const file = path.join(state, 'lock');
  writeFileSync(file, holder({ pid: process.ppid }));
  t.false(lock.isHeld());
  lock.release();
  t.is(readFileSync(file, 'utf8'), holder({ pid: process.ppid }));
});

test('takeLock: what a run left that was cut off while it took a lock over is removed', (t) => {
  const { state } = withLock(t, holder({ pid: GONE, started: '1' }));
  writeFileSync(path.join(state, `lock.${GONE}`), 'an older one');
  takeLock(state, NOW).release();
  t.deepEqual(readdirSync(state), []);
});

test('takeLock: no room for it is ERR_WRITE', (t) => {
  const state = path.join(folder(t), 'state');
  writeFileSync(state, 'a file in its place');
  const error = t.throws<PkiError>(() => takeLock(state, NOW), { instanceOf: PkiError });
  t.is(error.code, 'ERR_WRITE');
  t.regex(error.message, /nothing was written$/u);
});
