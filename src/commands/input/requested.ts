import { nameHints } from '../../catalog/names/suggest.ts';
import { PkiError } from '../../errors.ts';
import { credentialParts } from '../../model/names.ts';
import { meansCredential } from '../../model/selection.ts';
import type { Invocation } from '../command.ts';
import type { RunResult } from '../pipeline/total.ts';

const ALL = ['*'];

/**
 * What `renew NAME…` and `--all` say: names of credentials that are renewed, due or not.
 *
 * @throws PkiError `ERR_USAGE` for both at once.
 */
export function requestedOf({
  options,
  arguments: names,
}: Pick<Invocation, 'options' | 'arguments'>): readonly string[] {
  if (options.all !== true) return names;
  if (names.length === 0) return ALL;
  throw new PkiError('ERR_USAGE', `--all and "${names[0] ?? ''}" exclude each other`, {
    hint: '--all renews every certificate and kubeconfig of the selected clusters',
  });
}

/** @throws PkiError `ERR_USAGE` for a name of no certificate or kubeconfig that was looked at. */
export function refuseUnknownNames(
  invocation: Pick<Invocation, 'options' | 'arguments'>,
  { leaves, keysets, problems }: Pick<RunResult, 'leaves' | 'keysets' | 'problems'>,
): void {
  if (invocation.options.all === true || problems.error !== null) return;
  for (const name of requestedOf(invocation)) {
    if (leaves.some((path) => meansCredential(name, path))) continue;
    const keyset = keysets.find((path) => meansCredential(name, path));
    if (keyset !== undefined) {
      throw new PkiError('ERR_USAGE', `"${keyset}" is not renewed but rotated`, {
        hint: `an authority or service-account key is replaced in stages: cdk8s-pki rotate ${keyset.replace('/', ' ')}`,
      });
    }
    // as much of each path as the name has parts
    const parts = name.split('/').length;
    const similar = leaves.map((path) => path.split('/').slice(-parts).join('/'));
    const below = leaves.find((path) => path.startsWith(`${name}/`));
    throw new PkiError('ERR_USAGE', `"${name}" names no certificate or kubeconfig`, {
      hint: [
        ...(below === undefined ? [] : [hintBelow(name, below)]),
        ...nameHints(name, 'names', [...new Set(similar)]),
      ],
    });
  }
}

/** For the name of a cluster, or of a node. */
function hintBelow(name: string, path: string): string {
  const { cluster } = credentialParts(path as Parameters<typeof credentialParts>[0]);
  return name === cluster
    ? `all of a cluster: cdk8s-pki renew --all --cluster ${cluster}`
    : `all of a node: cdk8s-pki renew '${name}/*'`;
}
