import { LOAD } from './_cluster.ts';
import type { Machine } from '../_machines/machine.ts';
import { program } from './_load.ts';
import type { Client } from './_load/client.ts';
import type { Ask } from './_load/request.ts';

export interface Probe {
  readonly client: Omit<Client, 'name' | 'work'>;
  readonly ask: Ask;
  /** What a server shows that is started for it, in place of those of the client. */
  readonly shows?: { readonly certificate: string; readonly key: string };
}

/** For each probe what each of its servers answered, once: a status, or the code of an error. */
export async function probe(
  machine: Machine,
  probes: readonly Probe[],
): Promise<readonly (readonly (string | number)[])[]> {
  const [file, ...args] = program('probe.ts', LOAD);
  const { status, stdout, stderr } = await machine.runFile(file, args, JSON.stringify(probes));
  if (status !== 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString()) as (string | number)[][];
}
