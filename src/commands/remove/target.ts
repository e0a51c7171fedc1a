import { PkiError } from '../../errors.ts';

/** What is to be removed, as its name was given. */
export interface Target {
  readonly text: string;
  readonly cluster: string;
  /** A node or a keyset; null for the whole cluster. */
  readonly member: string | null;
}

const NAME = /^([-a-z0-9._]+)(?:\/([-a-z0-9._]+))?$/u;

/** @throws PkiError `ERR_USAGE` for a text that can be no name */
export function parseTarget(text: string): Target {
  const [, cluster, member = null] = NAME.exec(text) ?? [];
  if (cluster === undefined || [cluster, member].some((part) => /^\.+$/u.test(part ?? ''))) {
    throw new PkiError('ERR_USAGE', `"${text}" is not the name of a cluster, a node or a keyset`, {
      hint: 'name a cluster, such as prod, or a node or keyset of one, such as prod/cp-3',
    });
  }
  return { text, cluster, member };
}
