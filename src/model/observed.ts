import type { CredentialPath, KeyAlgorithm, Seconds, TreePath } from './names.ts';
import type { ObservedRevocations } from './store/revocations.ts';
import type { CertificateInfo, RenewalPolicy } from './x509.ts';

export type EntryState = 'issuing' | 'incoming' | 'outgoing';

/** A certificate chain's issuer at the time of issue: the keyset and the id of its entry. */
export interface IssuerId {
  readonly keyset: CredentialPath;
  readonly id: string;
}

/** A leaf document of the store that could be read. */
export interface ObservedLeaf {
  readonly path: CredentialPath;
  readonly file: TreePath;
  readonly kind: 'Certificate' | 'Kubeconfig';
  readonly certificate: CertificateInfo;
  readonly issuer: IssuerId;
  readonly issuedAt: Date;
  readonly reason: string;
  readonly policy: RenewalPolicy;
  /** Whether the issuer's entry, where it is still known, did sign the certificate. */
  readonly signedByIssuer: boolean;
  /** SPKI of the private key as recorded at issue. */
  readonly spki: string;
  /** Recipients of the encrypted private key. */
  readonly recipients: readonly string[];
  /** Who could open a copy of this private key before, in the store or in an output. */
  readonly formerRecipients: readonly string[];
}

/** A leaf document that is there and cannot be used; the message has no key material. */
export interface UnreadableLeaf {
  readonly path: CredentialPath;
  readonly file: TreePath;
  readonly unreadable: string;
}

/** One entry of a keyset; a service-account key has no certificate. */
export interface ObservedEntry {
  readonly id: string;
  readonly file: TreePath;
  readonly state: EntryState;
  readonly spki: string;
  /** The longest life of what it ever signed outside of the tree, where its keyset remembers that. */
  readonly outsideLife?: Seconds | undefined;
  readonly certificate: CertificateInfo | null;
  readonly keyAlgorithm: KeyAlgorithm | null;
  /** PEM, PKIX. */
  readonly publicKey: string;
  readonly issuer: IssuerId | null;
  readonly issuedAt: Date;
  readonly policy: RenewalPolicy | null;
  /** How many authorities may stand below a CA: null for no limit, and where it is none. */
  readonly pathLength: number | null;
  /** Whether the key usage of its certificate, an adopted one's, keeps it from signing CRLs. */
  readonly lacksCrlSign?: boolean | undefined;
  readonly recipients: readonly string[];
  /** Who could open a copy of this private key before, in the store or in an output. */
  readonly formerRecipients: readonly string[];
  /** The dates of its next certificate, where it is to be signed again with the same key. */
  readonly reissue?: { readonly notBefore: Date; readonly notAfter: Date } | undefined;
}

export interface ObservedKeyset {
  readonly path: CredentialPath;
  readonly kind: 'CertificateAuthority' | 'ServiceAccountKey';
  readonly revision: number;
  /** Base64, over this revision. */
  readonly signature: string;
  /** By the issuing key beside an outgoing one; null otherwise. */
  readonly countersignature: string | null;
  /** The issuing entry first. */
  readonly entries: readonly ObservedEntry[];
  /** Of an authority that has revoked something. */
  readonly revocations?: ObservedRevocations | undefined;
}

/** The store of one cluster. */
export interface ObservedCluster {
  readonly name: string;
  readonly keysets: ReadonlyMap<CredentialPath, ObservedKeyset>;
  readonly leaves: ReadonlyMap<CredentialPath, ObservedLeaf | UnreadableLeaf>;
  /** Entries of keysets that are replaced on purpose: their files go. */
  readonly replaced: readonly { readonly path: CredentialPath; readonly file: TreePath }[];
}

/** A certificate that a leaf had in some commit, with a private key that somebody could open there. */
export interface PastCertificate {
  readonly path: CredentialPath;
  readonly issuer: IssuerId;
  readonly certificate: CertificateInfo;
  /** Who could, of those that were asked about; as documents name them. */
  readonly readers: readonly string[];
}

/** What git's history tells of recipients that must never have had a key. */
export interface PastReaders {
  /** Those that could open a private key in an earlier commit, by `entryId` of its public key. */
  readonly byKey: ReadonlyMap<string, readonly string[]>;
  /** By cluster: that of the leaf, and that of its authority. */
  readonly certificates: ReadonlyMap<string, readonly PastCertificate[]>;
  /** Files that they could open, of which nothing says whose key they held, if any. */
  readonly unknown: readonly string[];
}

export const NO_PAST_READERS: PastReaders = {
  byKey: new Map(),
  certificates: new Map(),
  unknown: [],
};
