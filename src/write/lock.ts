import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { PkiError } from '../errors.ts';

interface Holder {
  readonly pid: number;
  readonly host: string;
}

/**
 * Takes the tree's one lock; the returned function gives it back. A lock whose process is gone from this host is taken over.
 *
 * @throws PkiError `ERR_LOCKED` while another process holds it.
 */
export function takeLock(state: string): () => void {
  mkdirSync(state, { recursive: true });
  const file = path.join(state, 'lock');
  const holder: Holder = { pid: process.pid, host: hostname() };
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      const descriptor = openSync(file, 'wx', 0o644);
      writeSync(descriptor, JSON.stringify(holder));
      closeSync(descriptor);
      return () => {
        rmSync(file, { force: true });
      };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
        throw new PkiError('ERR_WRITE', `cannot create "${file}"`, { cause: error });
      }
      const other = readHolder(file);
      if (other !== undefined && isAlive(other)) {
        throw new PkiError(
          'ERR_LOCKED',
          `another run works on this tree (process ${other.pid} on "${other.host}")`,
          { hint: `wait for it; if it is gone for good, remove '${file}'` },
        );
      }
      rmSync(file, { force: true });
    }
  }
  throw new PkiError('ERR_LOCKED', 'another run took the lock of this tree', {
    hint: 'run the command again',
  });
}

function readHolder(file: string): Holder | undefined {
  try {
    const holder: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof holder === 'object' && holder !== null && 'pid' in holder && 'host' in holder
      ? { pid: Number(holder.pid), host: String(holder.host) }
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
