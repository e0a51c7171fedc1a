import type { DesiredLeaf, DesiredUnit } from '../model/desired.ts';
import type {
  AuthorityMaterial,
  LeafMaterial,
  Material,
  ServiceAccountMaterial,
} from '../model/made/material.ts';
import type { CredentialPath } from '../model/names.ts';
import type {
  IssuerId,
  ObservedCluster,
  ObservedEntry,
  ObservedKeyset,
  ObservedLeaf,
} from '../model/observed.ts';

type Mutable = Map<CredentialPath, AuthorityMaterial | ServiceAccountMaterial | LeafMaterial>;

/** What is shown of a leaf. */
type LeafCertificate = Pick<ObservedLeaf, 'issuer'> & {
  readonly certificate: Pick<ObservedLeaf['certificate'], 'pem' | 'spki'>;
};

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
  /** Authorities whose next CRL is still to be signed. */
  signs: ReadonlySet<CredentialPath> = new Set(),
): Material {
  const material: Mutable = new Map(foreign);
  for (const cluster of unit.clusters) {
    const store = clusters.get(cluster.name);
    for (const { path, kind } of [...cluster.authorities, ...cluster.serviceAccountKeys]) {
      const keyset = store?.keysets.get(path);
      const crl = signs.has(path) ? PENDING : keyset?.revocations?.crl?.pem;
      const known = keysetMaterial(kind, keyset, material);
      const isRevoking = crl !== undefined && known.kind === 'CertificateAuthority';
      material.set(path, isRevoking ? { ...known, crl } : known);
    }
    for (const leaf of cluster.leaves) {
      const observed = replaced.has(leaf.path) ? undefined : store?.leaves.get(leaf.path);
      const known = observed === undefined || 'unreadable' in observed ? undefined : observed;
      material.set(leaf.path, leafMaterial(leaf, known, material));
    }
  }
  return material;
}

/**
 * The public side of a keyset.
 *
 * @param above has its issuer, where it is below another authority.
 */
export function keysetMaterial(
  kind: 'CertificateAuthority' | 'ServiceAccountKey',
  keyset: ObservedKeyset | undefined,
  above: Material,
): AuthorityMaterial | ServiceAccountMaterial {
  const entries = keyset?.entries ?? [];
  const spki = entries[0]?.spki ?? PENDING;
  if (kind === 'ServiceAccountKey') {
    const publicKeys = entries.map(({ publicKey }) => publicKey).join('') || PENDING;
    return { kind, spki, publicKeys };
  }
  const certificates = entries.map(certificateText);
  return {
    kind,
    spki,
    certificate: certificates[0] ?? PENDING,
    trustBundle: certificates.join('') || PENDING,
    chains: new Map(
      entries.map(({ id, issuer, certificate, reissue }) => [
        id,
        issuer === null ? '' : certificateText({ certificate, reissue }) + chainOf(issuer, above),
      ]),
    ),
  };
}

function certificateText({
  certificate,
  reissue,
}: Pick<ObservedEntry, 'certificate' | 'reissue'>): string {
  return reissue === undefined ? (certificate?.pem ?? PENDING) : PENDING;
}

function chainOf({ keyset, id }: IssuerId, above: Material): string {
  const authority = above.get(keyset);
  return authority?.kind === 'CertificateAuthority' ? (authority.chains.get(id) ?? '') : '';
}

/**
 * The public side of a leaf; pending without its certificate.
 *
 * @param above has its issuer.
 */
export function leafMaterial(
  { kind, kubeconfig, issuer }: DesiredLeaf,
  leaf: LeafCertificate | undefined,
  above: Material,
): LeafMaterial {
  return {
    kind,
    spki: leaf?.certificate.spki ?? PENDING,
    certificate: leaf === undefined ? PENDING : leaf.certificate.pem + chainOf(leaf.issuer, above),
    kubeconfig: kubeconfig === null ? null : { ...kubeconfig, authority: issuer },
  };
}
