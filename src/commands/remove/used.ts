import { PkiError } from '../../errors.ts';
import type { DesiredFleet } from '../../model/desired.ts';
import type { TreeReader } from '../../model/ports.ts';
import { storeFiles } from '../../observe/cluster.ts';
import type { Target } from './target.ts';

/** As the store is written; a document that is written otherwise is refused by every other command. */
const ISSUER = /^issuer: "?([^\s"]+)"?\r?$/mu;

const MOST_NAMED = 20;

/**
 * An authority stays as long as the tree of a declared cluster has certificates of it.
 *
 * @throws PkiError `ERR_IN_USE` naming them.
 */
export function refuseUsed(
  reader: TreeReader,
  { tree, clusters }: Pick<DesiredFleet, 'tree' | 'clusters'>,
  { text, cluster, member }: Target,
): void {
  const users = clusters.flatMap(({ name }) =>
    storeFiles(reader, tree, name)
      .filter(({ owner }) => name !== cluster || owner !== member)
      .map(({ file }) => file)
      .filter((file) => {
        const issuer = ISSUER.exec(Buffer.from(reader.read(file) ?? '').toString('utf8'))?.[1];
        const [keyset, owner = name] = issuer?.split('/').reverse().slice(1) ?? [];
        return owner === cluster && keyset !== undefined && (member ?? keyset) === keyset;
      }),
  );
  if (users.length === 0) return;
  const rest = users.length - MOST_NAMED;
  throw new PkiError(
    'ERR_IN_USE',
    `"${text}" has issued certificates that stand in trees of declared clusters`,
    {
      details: [...users.slice(0, MOST_NAMED), ...(rest > 0 ? [`and ${rest} more`] : [])],
      hint: [
        'declare it again, give these another issuer and run cdk8s-pki synth',
        `then take it out of the declaration: cdk8s-pki remove ${text}`,
      ],
    },
  );
}
