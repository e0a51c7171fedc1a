import type { DesiredUnit } from '../../../model/desired.ts';
import type { CredentialPath } from '../../../model/names.ts';
import type { ObservedKeyset, ObservedLeaf } from '../../../model/observed.ts';
import { materialOf } from '../../../render/material.ts';
import type { Clusters, Foreign } from '../context.ts';

/**
 * What later units use of this one.
 *
 * @param state what the unit is now; `made` says what this run makes of it, and `privateKeys` is there once it did.
 */
export function exportsOf(
  unit: DesiredUnit,
  state: {
    readonly clusters: Clusters;
    readonly made?: ReadonlySet<CredentialPath>;
    readonly signs?: ReadonlySet<CredentialPath>;
    readonly privateKeys?: ReadonlyMap<CredentialPath, string>;
  },
  foreign: Foreign,
): Foreign {
  const keysets = new Map<CredentialPath, ObservedKeyset>();
  const leaves = new Map<CredentialPath, ObservedLeaf>();
  const material = new Map<CredentialPath, MaterialOf>();
  const privateKeys = new Map<CredentialPath, string>();
  const made = new Set<CredentialPath>();
  if (unit.exports.length === 0) return { keysets, leaves, material, privateKeys, made };
  const makes = state.made ?? made;
  const pending = state.privateKeys === undefined ? makes : new Set<CredentialPath>();
  const signs = state.privateKeys === undefined ? state.signs : undefined;
  const own = materialOf(unit, state.clusters, foreign.material, pending, signs);
  for (const path of unit.exports) {
    const cluster = state.clusters.get(path.split('/')[0] ?? '');
    const keyset = cluster?.keysets.get(path);
    if (keyset !== undefined) keysets.set(path, keyset);
    const leaf = cluster?.leaves.get(path);
    if (leaf !== undefined && !('unreadable' in leaf)) leaves.set(path, leaf);
    const text = own.get(path);
    if (text !== undefined) material.set(path, text);
    const bundle = authorityOf(text);
    const trusted = bundle && own.get(bundle);
    if (bundle && trusted) material.set(bundle, trusted);
    const key = state.privateKeys?.get(path);
    if (key !== undefined) privateKeys.set(path, key);
    if (makes.has(path)) made.add(path);
  }
  return { keysets, leaves, material, privateKeys, made };
}

/** What units have exported so far. */
export class Exports {
  readonly #all = {
    keysets: new Map<CredentialPath, ObservedKeyset>(),
    leaves: new Map<CredentialPath, ObservedLeaf>(),
    material: new Map<CredentialPath, MaterialOf>(),
    privateKeys: new Map<CredentialPath, string>(),
    made: new Set<CredentialPath>(),
  };

  add(exported: Foreign): void {
    for (const kind of ['keysets', 'leaves', 'material', 'privateKeys'] as const)
      for (const [path, value] of exported[kind])
        (this.#all[kind] as Map<CredentialPath, typeof value>).set(path, value);
    for (const path of exported.made) this.#all.made.add(path);
  }

  /** What `unit` uses of it. */
  of({ imports }: DesiredUnit): Foreign {
    const { keysets, leaves, material, privateKeys, made } = this.#all;
    const used = new Set<CredentialPath>(imports);
    for (const path of imports) {
      const bundle = authorityOf(material.get(path));
      if (bundle !== undefined) used.add(bundle);
    }
    return {
      keysets: pick(keysets, used),
      leaves: pick(leaves, used),
      material: pick(material, used),
      privateKeys: pick(privateKeys, used),
      made: new Set(imports.filter((path) => made.has(path))),
    };
  }
}

function pick<T>(
  all: ReadonlyMap<CredentialPath, T>,
  used: ReadonlySet<CredentialPath>,
): Map<CredentialPath, T> {
  const picked = new Map<CredentialPath, T>();
  for (const path of used) {
    const value = all.get(path);
    if (value !== undefined) picked.set(path, value);
  }
  return picked;
}

type MaterialOf = Foreign['material'] extends ReadonlyMap<CredentialPath, infer M> ? M : never;

/** A kubeconfig holds the trust bundle of its authority as well. */
function authorityOf(material: MaterialOf | undefined): CredentialPath | undefined {
  return material?.kind === 'Kubeconfig' ? material.kubeconfig?.authority : undefined;
}
