import type { DesiredLeaf, DesiredUnit } from '../model/desired.ts';
import type {
  AuthorityMaterial,
  LeafMaterial,
  Material,
  ServiceAccountMaterial,
} from '../model/made/material.ts';
import type { CredentialPath } from '../model/names.ts';
import type { ObservedCluster, ObservedKeyset } from '../model/observed.ts';

type Mutable = Map<CredentialPath, AuthorityMaterial | ServiceAccountMaterial | LeafMaterial>;

/** Stands for public text that is known only after issuing: no file of the tree ever holds it. */
const PENDING = '(pending)\n';

/**
 * The public side of every credential that a unit declares. What is not in the store, and what `replaced` names, is pending: a
 * projection made with it equals no file, so all that depends on it is seen to be stale.
 */
export function materialOf(
  unit: DesiredUnit,
  clusters: ReadonlyMap<string, ObservedCluster>,
  foreign: Material,
  replaced: ReadonlySet<CredentialPath>,
): Material {
  const material: Mutable = new Map(foreign);
  for (const cluster of unit.clusters) {
    const store = clusters.get(cluster.name);
    for (const { path, kind } of [...cluster.authorities, ...cluster.serviceAccountKeys]) {
      material.set(path, keysetMaterial(kind, store?.keysets.get(path)));
    }
    for (const leaf of cluster.leaves) {
      const observed = replaced.has(leaf.path) ? undefined : store?.leaves.get(leaf.path);
      const known = observed === undefined || 'unreadable' in observed ? undefined : observed;
      material.set(leaf.path, leafMaterial(leaf, known?.certificate));
    }
  }
  return material;
}

/** The public side of a keyset. */
export function keysetMaterial(
  kind: 'CertificateAuthority' | 'ServiceAccountKey',
  keyset: ObservedKeyset | undefined,
): AuthorityMaterial | ServiceAccountMaterial {
  const entries = keyset?.entries ?? [];
  const spki = entries[0]?.spki ?? PENDING;
  if (kind === 'ServiceAccountKey') {
    const publicKeys = entries.map(({ publicKey }) => publicKey).join('') || PENDING;
    return { kind, spki, publicKeys };
  }
  const certificates = entries.map(({ certificate }) => certificate?.pem ?? PENDING);
  return {
    kind,
    spki,
    certificate: certificates[0] ?? PENDING,
    trustBundle: certificates.join('') || PENDING,
  };
}

/** The public side of a leaf; pending without its certificate. */
export function leafMaterial(
  { kind, kubeconfig, issuer }: DesiredLeaf,
  certificate: { readonly pem: string; readonly spki: string } | undefined,
): LeafMaterial {
  return {
    kind,
    spki: certificate?.spki ?? PENDING,
    certificate: certificate?.pem ?? PENDING,
    kubeconfig: kubeconfig === null ? null : { ...kubeconfig, authority: issuer },
  };
}
