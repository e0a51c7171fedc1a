import type { CredentialPath } from '../names.ts';

/** The public side of a keyset of authorities. PEM texts end with a line feed. */
export interface AuthorityMaterial {
  readonly kind: 'CertificateAuthority';
  readonly spki: string;
  readonly certificate: string;
  /** The issuing entry first, then the other. */
  readonly trustBundle: string;
  /**
   * By the id of an entry, what a sender adds to a certificate that the entry signed (RFC 8446 §4.4.2): the entry's own certificate and
   * those above it, but none that is signed by its own key. Empty for a root.
   */
  readonly chains: ReadonlyMap<string, string>;
  /** Of an authority that has revoked something. */
  readonly crl?: string;
}

export interface ServiceAccountMaterial {
  readonly kind: 'ServiceAccountKey';
  readonly spki: string;
  /** The issuing entry first, then the other. */
  readonly publicKeys: string;
}

export interface LeafMaterial {
  readonly kind: 'Certificate' | 'Kubeconfig';
  readonly spki: string;
  /** With the certificates of authorities between it and a root. */
  readonly certificate: string;
  readonly kubeconfig: {
    readonly server: string;
    readonly clusterName: string;
    readonly user: string;
    /** The keyset whose trust bundle a client needs. */
    readonly authority: CredentialPath;
  } | null;
}

/** What rendering may know of each credential without an identity. */
export type Material = ReadonlyMap<
  CredentialPath,
  AuthorityMaterial | ServiceAccountMaterial | LeafMaterial
>;

/** PEM of private keys that are at hand: made in this run, or opened with an identity. */
export type PrivateKeys = ReadonlyMap<CredentialPath, string>;
