import type { DesiredKeyset, DesiredLeaf } from '../desired.ts';
import type { IssuerId } from '../observed.ts';
import type { StatementEntry } from '../store/keyset.ts';
import type { IssuedCrl } from '../store/revocations.ts';
import type { PlannedReissue } from '../store/rotation.ts';
import type { CertificateInfo } from '../x509.ts';

interface Issued {
  /** PEM, as kubeadm writes it. Never leaves memory but encrypted. */
  readonly privateKey: string;
  readonly issuedAt: Date;
  readonly reason: string;
}

/** A new entry of a keyset. */
export interface IssuedEntry extends Issued {
  readonly id: string;
  readonly spki: string;
  /** Null for a service-account key. */
  readonly certificate: CertificateInfo | null;
  readonly publicKey: string;
  readonly issuer: IssuerId | null;
}

/** A new revision of a keyset, the first one included. */
export interface IssuedKeyset {
  readonly desired: DesiredKeyset;
  readonly revision: number;
  readonly entries: readonly StatementEntry[];
  /** Base64, over `keysetStatement`, by the key that was issuing before. */
  readonly signature: string;
  /** Base64, by the key that is issuing, where that is another one. */
  readonly countersignature: string | null;
  /** The one of `entries` whose key was made with this revision. */
  readonly entry: IssuedEntry | null;
}

/** A certificate that was signed again for the key that an entry has. */
export interface IssuedReissue {
  readonly planned: PlannedReissue;
  readonly certificate: CertificateInfo;
  readonly issuedAt: Date;
}

export interface IssuedLeaf extends Issued {
  readonly desired: DesiredLeaf;
  readonly certificate: CertificateInfo;
  readonly issuer: IssuerId;
}

export interface IssuedUnit {
  readonly keysets: readonly IssuedKeyset[];
  readonly reissues: readonly IssuedReissue[];
  readonly leaves: readonly IssuedLeaf[];
  readonly crls: readonly IssuedCrl[];
}
