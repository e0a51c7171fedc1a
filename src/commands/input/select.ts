import { nameHints } from '../../catalog/names/suggest.ts';
import { PkiError } from '../../errors.ts';
import { selected, unmatchedGlob, type IsSelected, type Selection } from '../../model/selection.ts';
import type { Invocation } from '../command.ts';

/**
 * What `--cluster` and `--shard` say.
 *
 * @throws PkiError `ERR_USAGE` for a shard that is not one of its total, or that the environment does not say.
 */
export function selectionOf({
  options: { cluster, shard },
  environment,
}: Pick<Invocation, 'options' | 'environment'>): Selection {
  return {
    ...(cluster === undefined ? {} : { clusters: cluster }),
    ...(shard === undefined ? {} : { shard: parseShard(shard, environment) }),
  };
}

/** @throws PkiError `ERR_USAGE` for a glob that matches none of `names`. */
export function selectClusters(selection: Selection, names: readonly string[]): IsSelected {
  const glob = unmatchedGlob(selection, names);
  if (glob === undefined) return selected(selection, names);
  throw new PkiError('ERR_USAGE', `--cluster "${glob}" matches no cluster`, {
    hint: nameHints(glob, 'clusters', names),
  });
}

const SHARD = /^(?:(\d{1,6})|auto)(?:\/(\d{1,6}))?$/u;

/** `2/8`; `auto` as GitLab numbers parallel jobs, from 1; `auto/8` as Kubernetes numbers the pods of an Indexed Job, from 0. */
function parseShard(
  text: string,
  environment: Invocation['environment'],
): { readonly index: number; readonly total: number } {
  const match = SHARD.exec(text);
  const [, given, of] = match ?? [];
  const { CI_NODE_INDEX, CI_NODE_TOTAL, JOB_COMPLETION_INDEX } = environment;
  const isAuto = match !== null && given === undefined;
  const completion = isAuto && of !== undefined ? number(JOB_COMPLETION_INDEX) : undefined;
  const index = completion === undefined ? number(isAuto ? CI_NODE_INDEX : given) : completion + 1;
  const total = number(of ?? (isAuto ? CI_NODE_TOTAL : undefined));
  if (isAuto && index === undefined) {
    throw new PkiError('ERR_USAGE', `--shard "${text}": the environment does not say which one`, {
      hint: [
        'auto reads CI_NODE_INDEX and CI_NODE_TOTAL; auto/8 reads JOB_COMPLETION_INDEX',
        'or say it: --shard 2/8',
      ],
    });
  }
  if (index !== undefined && total !== undefined && index >= 1 && index <= total) {
    return { index, total };
  }
  throw new PkiError('ERR_USAGE', `--shard "${text}" is not one of the shards of a fleet`, {
    hint: 'the second of eight shards is --shard 2/8',
  });
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,6}$/u.test(text) ? Number(text) : undefined;
}
