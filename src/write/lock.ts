import { randomUUID } from 'node:crypto';
import {
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { PkiError } from '../errors.ts';
import { lookFor, thisProcess, type ProcessIdentity } from './process.ts';
import { codeOf } from './state.ts';

interface Holder extends ProcessIdentity {
  /** By the holder's clock. */
  readonly since: string;
}

export interface Lock {
  /** Whether nobody took it over: asked before anything is put into place. */
  isHeld(): boolean;
  release(): void;
}

/** How long a lock may be without a holder: where there are no links, its run has created the file and not yet written into it. */
const GRACE = 10_000;

/** After this a run that cannot be looked at counts as gone. Should it live, it sees so before it changes the tree. */
const LONGEST = 3_600_000;

/**
 * Takes the tree's one lock. A lock whose process is gone is taken over.
 *
 * @throws PkiError `ERR_LOCKED` while another process holds it.
 */
export function takeLock(state: string, now: Date): Lock {
  const file = path.join(state, 'lock');
  const own = thisProcess();
  const text = JSON.stringify({ ...own, since: now.toISOString() } satisfies Holder);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    if (create(file, text)) {
      tidyUp(state);
      return lockOf(file, text);
    }
    const found = readText(file);
    if (found === undefined) continue; // given back in the meantime
    const holder = parseHolder(found);
    const isHeld =
      holder === undefined
        ? isBelow(ageOf(file, now), GRACE)
        : isHolding(holder, lookFor(holder, own), now);
    if (isHeld) throw locked(file, holder);
    bury(file, found);
  }
  throw new PkiError('ERR_LOCKED', 'another run took the lock of this tree', {
    hint: 'run the command again',
  });
}

function lockOf(file: string, text: string): Lock {
  const isHeld = (): boolean => readText(file) === text;
  return {
    isHeld,
    release: () => {
      if (isHeld()) attemptRemoval(file);
    },
  };
}

/** File systems that have no hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK']);

/** Whether the lock was free and is ours now. It is linked when it is written: a run that is killed leaves a whole one or none. */
function create(file: string, text: string): boolean {
  const draft = `${file}.${randomUUID()}`;
  try {
    writeFileSync(draft, text, { flag: 'wx', mode: 0o644 });
    try {
      linkSync(draft, file);
    } catch (error) {
      if (!NO_LINKS.has(codeOf(error))) throw error;
      writeFileSync(file, text, { flag: 'wx', mode: 0o644 });
    }
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST' && existsSync(file)) return false;
    if (code === 'ENOENT' && existsSync(file)) return false; // whoever took the lock tidied up
    throw new PkiError('ERR_WRITE', `cannot create "${file}" (${code}); nothing was written`, {
      hint: 'the lock and the journal of a run are there: make the folder writable',
      cause: error,
    });
  } finally {
    attemptRemoval(draft);
  }
}

function attemptRemoval(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // The next run tidies up.
  }
}

/** Removes a lock that nobody holds, and no other: between the look and the removal another run may have taken it over. */
function bury(file: string, found: string): void {
  const grave = `${file}.${randomUUID()}`;
  try {
    renameSync(file, grave);
    if (readText(grave) === found) rmSync(grave, { force: true });
    else renameSync(grave, file);
  } catch {
    // Another run was faster.
  }
}

/** What runs left that were cut off while they took a lock. */
function tidyUp(state: string): void {
  for (const name of readdirSync(state)) {
    if (name.startsWith('lock.')) attemptRemoval(path.join(state, name));
  }
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

function isHolding({ since }: Holder, seen: ReturnType<typeof lookFor>, now: Date): boolean {
  return (
    seen === 'alive' || (seen === 'unknown' && isBelow(now.getTime() - Date.parse(since), LONGEST))
  );
}

function ageOf(file: string, now: Date): number {
  return now.getTime() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
}

/** What is of the future, by a clock that is wrong or another `--now`, is not old. */
function isBelow(age: number, limit: number): boolean {
  return !(age >= limit);
}

function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Record<keyof Holder, unknown>> | null;
    const { pid, host, since, system, started } = holder ?? {};
    if (!Number.isSafeInteger(pid) || (pid as number) <= 0 || typeof host !== 'string')
      return undefined;
    if (typeof since !== 'string' || Number.isNaN(Date.parse(since))) return undefined;
    const known = typeof system === 'string' && typeof started === 'string';
    return { pid: pid as number, host, since, ...(known ? { system, started } : {}) };
  } catch {
    return undefined;
  }
}
