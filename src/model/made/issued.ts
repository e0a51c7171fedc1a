import type { DesiredAuthority, DesiredLeaf, DesiredServiceAccountKey } from '../desired.ts';
import type { IssuerId } from '../observed.ts';
import type { CertificateInfo } from '../x509.ts';

interface Issued {
  /** PEM, as kubeadm writes it. Never leaves memory but encrypted. */
  readonly privateKey: string;
  readonly issuedAt: Date;
  readonly reason: string;
}

/** A new keyset with its one entry, `issuing`, revision 1. */
export interface IssuedKeyset extends Issued {
  readonly desired: DesiredAuthority | DesiredServiceAccountKey;
  readonly id: string;
  readonly spki: string;
  /** Null for a service-account key. */
  readonly certificate: CertificateInfo | null;
  readonly publicKey: string;
  readonly issuer: IssuerId | null;
  /** Base64, by the entry's own key over `keysetStatement`. */
  readonly signature: string;
}

export interface IssuedLeaf extends Issued {
  readonly desired: DesiredLeaf;
  readonly certificate: CertificateInfo;
  readonly issuer: IssuerId;
}

export interface IssuedUnit {
  readonly keysets: readonly IssuedKeyset[];
  readonly leaves: readonly IssuedLeaf[];
}
