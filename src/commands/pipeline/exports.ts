import type { DesiredUnit } from '../../model/desired.ts';
import type { CredentialPath } from '../../model/names.ts';
import type { ObservedKeyset, ObservedLeaf } from '../../model/observed.ts';
import { materialOf } from '../../render/material.ts';
import type { Clusters, Foreign } from './context.ts';

/**
 * Adds to `foreign` what later units use of this one.
 *
 * @param state what the unit is now; `made` says what this run makes of it, and `privateKeys` is there once it did.
 */
export function exportsOf(
  unit: DesiredUnit,
  state: {
    readonly clusters: Clusters;
    readonly made?: ReadonlySet<CredentialPath>;
    readonly privateKeys?: ReadonlyMap<CredentialPath, string>;
  },
  foreign: Foreign,
): Foreign {
  const keysets = new Map<CredentialPath, ObservedKeyset>(foreign.keysets);
  const leaves = new Map<CredentialPath, ObservedLeaf>(foreign.leaves);
  const material = new Map(foreign.material);
  const privateKeys = new Map(foreign.privateKeys);
  const { made = new Set<CredentialPath>() } = state;
  const pending = state.privateKeys === undefined ? made : new Set<CredentialPath>();
  const own = materialOf(unit, state.clusters, foreign.material, pending);
  for (const path of unit.exports) {
    const cluster = state.clusters.get(path.split('/')[0] ?? '');
    const keyset = cluster?.keysets.get(path);
    if (keyset !== undefined) keysets.set(path, keyset);
    const leaf = cluster?.leaves.get(path);
    if (leaf !== undefined && !('unreadable' in leaf)) leaves.set(path, leaf);
    const text = own.get(path);
    if (text !== undefined) material.set(path, text);
    // A kubeconfig holds the trust bundle of its authority as well.
    const authority = text?.kind === 'Kubeconfig' ? text.kubeconfig?.authority : undefined;
    const bundle = authority && own.get(authority);
    if (authority && bundle) material.set(authority, bundle);
    const key = state.privateKeys?.get(path);
    if (key !== undefined) privateKeys.set(path, key);
  }
  const allMade = new Set([...foreign.made, ...unit.exports.filter((path) => made.has(path))]);
  return { keysets, leaves, material, privateKeys, made: allMade };
}
