import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { PkiError } from '../errors.ts';

interface Holder {
  readonly pid: number;
  readonly host: string;
}

/** How long a lock may be without a holder: its run has created the file and not yet written into it. */
const GRACE = 10_000;

/**
 * Takes the tree's one lock; the returned function gives it back. A lock whose process is gone from this host is taken over.
 *
 * @throws PkiError `ERR_LOCKED` while another process holds it.
 */
export function takeLock(state: string): () => void {
  const file = path.join(state, 'lock');
  const text = JSON.stringify({ pid: process.pid, host: hostname() } satisfies Holder);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    if (create(state, file, text)) {
      return () => {
        if (readText(file) === text) rmSync(file, { force: true });
      };
    }
    const found = readText(file);
    if (found === undefined) continue; // given back in the meantime
    const holder = parseHolder(found);
    if (holder === undefined ? isYoung(file) : isAlive(holder)) throw locked(file, holder);
    bury(file, found);
  }
  throw new PkiError('ERR_LOCKED', 'another run took the lock of this tree', {
    hint: 'run the command again',
  });
}

/** Whether the lock was free and is ours now. */
function create(state: string, file: string, text: string): boolean {
  try {
    mkdirSync(state, { recursive: true });
    const descriptor = openSync(file, 'wx', 0o644);
    writeSync(descriptor, text);
    closeSync(descriptor);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'EEXIST' && existsSync(file)) return false;
    throw new PkiError('ERR_WRITE', `cannot create "${file}" (${code}); nothing was written`, {
      hint: 'the lock and the journal of a run are there: make the folder writable',
      cause: error,
    });
  }
}

/** Removes a lock that nobody holds, and no other: between the look and the removal another run may have taken it over. */
function bury(file: string, found: string): void {
  const grave = `${file}.${process.pid}`;
  try {
    renameSync(file, grave);
  } catch {
    return; // another run was faster
  }
  if (readText(grave) === found) rmSync(grave, { force: true });
  else renameSync(grave, file);
}

function locked(file: string, holder: Holder | undefined): PkiError {
  const who = holder === undefined ? '' : ` (process ${holder.pid} on "${holder.host}")`;
  return new PkiError('ERR_LOCKED', `another run works on this tree${who}`, {
    hint: `wait for it; if it is gone for good, remove '${file}'`,
  });
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function isYoung(file: string): boolean {
  const time = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return Date.now() - time < GRACE;
}

function parseHolder(text: string): Holder | undefined {
  try {
    const holder: unknown = JSON.parse(text);
    if (typeof holder !== 'object' || holder === null) return undefined;
    if (!('pid' in holder && 'host' in holder)) return undefined;
    const { pid, host } = holder;
    return Number.isSafeInteger(pid) && typeof host === 'string'
      ? { pid: pid as number, host }
      : undefined;
  } catch {
    return undefined;
  }
}

/** A process of another host cannot be looked at: it counts as alive. */
function isAlive({ pid, host }: Holder): boolean {
  if (host !== hostname()) return true;
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
