import { availableParallelism } from 'node:os';
import type { Identities } from '../../sops/age/identity.ts';
import type { Context } from './context.ts';
import { makePorts, type MakeSettings } from './ports.ts';
import type { Workshop } from './run.ts';
import { Threads } from './threads/threads.ts';
import { workUnit } from './unit/work.ts';

/** A thread takes as long to start as some tens of clusters to make. */
const CLUSTERS_PER_THREAD = 25;

/** More would wait for the declaration's process, which is one. */
const MOST_THREADS = 8;

/** Threads for a run over so many clusters; undefined where this one does: of few clusters, or with one processor. */
export function startThreads(clusters: number): Threads | undefined {
  const count = Math.floor(clusters / CLUSTERS_PER_THREAD);
  const threads = Math.min(availableParallelism(), MOST_THREADS, count);
  return threads < 2 ? undefined : new Threads(threads, clusters);
}

/**
 * Units are worked on in other threads where there are some, else in this one.
 *
 * @param make undefined where units are planned only.
 */
export function workshopOf(
  root: string,
  context: Context,
  make: MakeSettings | undefined,
  threads: Threads | undefined,
): Workshop {
  let found: Promise<Identities> | undefined;
  const find = async (): Promise<Identities> => {
    const { findIdentities } = await import('./identities.ts');
    return findIdentities(make?.environment ?? {});
  };
  const identities = (): Promise<Identities> => (found ??= find());
  if (threads === undefined) {
    const ports = make && makePorts(context.fleet, make, identities);
    const work: Workshop['work'] = (job) => workUnit(context, job, ports);
    return { width: 1, work, close: () => Promise.resolve() };
  }
  const { fleet, allRecipients, chain, now, requested, newAuthorities, pastReaders } = context;
  const { rotation, revocations } = context;
  const copied = {
    ...{ fleet, allRecipients, chain, now, requested, newAuthorities, pastReaders },
    ...(rotation === undefined ? {} : { rotation }),
    ...(revocations === undefined ? {} : { revocations }),
  };
  threads.begin({ root, context: copied, make }, identities);
  return threads;
}
