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

/**
 * Units are worked on in this thread, or in others where there are many clusters and several processors.
 *
 * @param make undefined where units are planned only.
 */
export async function withWorkshop<T>(
  root: string,
  context: Context,
  make: MakeSettings | undefined,
  clusters: number,
  use: (workshop: Workshop) => Promise<T>,
): Promise<T> {
  let found: Promise<Identities> | undefined;
  const find = async (): Promise<Identities> => {
    const { findIdentities } = await import('./identities.ts');
    return findIdentities(make?.environment ?? {});
  };
  const identities = (): Promise<Identities> => (found ??= find());
  const count = Math.floor(clusters / CLUSTERS_PER_THREAD);
  const threads = Math.min(availableParallelism(), MOST_THREADS, count);
  if (threads < 2) {
    const ports = make && makePorts(context.fleet, make, identities);
    return use({ width: 1, work: (job) => workUnit(context, job, ports) });
  }
  const { fleet, allRecipients, chain, now, requested, newAuthorities, pastReaders } = context;
  const { rotation, revocations } = context;
  const copied = {
    ...{ fleet, allRecipients, chain, now, requested, newAuthorities, pastReaders },
    ...(rotation === undefined ? {} : { rotation }),
    ...(revocations === undefined ? {} : { revocations }),
  };
  const setup = { root, context: copied, make };
  const workshop = new Threads(threads, clusters, setup, identities);
  try {
    return await use(workshop);
  } finally {
    await workshop.close();
  }
}
