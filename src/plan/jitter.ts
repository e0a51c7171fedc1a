import { hash } from 'node:crypto';
import type { Seconds } from '../model/names.ts';

/**
 * How much earlier than `notAfter − renewBefore` a credential is due: a fixed function of the cluster and the node (of the
 * name, where there is no node), so that a node's certificates go together, nodes on different days, and no branch flaps.
 *
 * @returns whole seconds in [0, window).
 */
export function jitterOf(cluster: string, nodeOrName: string, window: Seconds): Seconds {
  if (window <= 0) return 0;
  const digest = hash('sha256', `${cluster}\0${nodeOrName}`, 'buffer');
  return Math.floor((digest.readUIntBE(0, 6) / 2 ** 48) * window);
}
