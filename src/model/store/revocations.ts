import type { DesiredAuthority } from '../desired.ts';
import type { CredentialPath, Profile, Seconds, TreePath } from '../names.ts';
import type { CertificateInfo, RevokedCertificate } from '../x509.ts';
import type { TrustDomain } from './rotation.ts';

/** An entry of an authority's record: what its CRL says of a certificate, and what people must know of it. */
export interface Revocation extends RevokedCertificate {
  /** The leaf that had the certificate. */
  readonly credential: CredentialPath;
  /** Of the certificate: until a CRL after that has named it, it is kept (RFC 5280 §3.3). */
  readonly notAfter: Date;
}

/** One that is asked for, with what its certificate says. */
export interface RequestedRevocation extends Revocation {
  readonly certificate: Pick<CertificateInfo, 'subject' | 'extendedKeyUsages'>;
}

/** A CRL as its record has it. */
export interface RecordedCrl {
  /** PEM. */
  readonly pem: string;
  readonly number: number;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** The entry of the keyset whose key signed it. */
  readonly issuer: string;
  /** The same again, where the keyset had an outgoing entry: who looks for the CRL of a certificate's issuer takes no other entry's. */
  readonly outgoing: OutgoingCrl | null;
}

/** A CRL that the outgoing entry signed beside the issuing one: all that it says is the same. */
export interface OutgoingCrl {
  /** PEM. */
  readonly pem: string;
  readonly issuer: string;
}

/** What an authority revoked: `revocations.yaml` of its keyset. */
export interface ObservedRevocations {
  readonly file: TreePath;
  /** Null where the first one is still to be signed. */
  readonly crl: RecordedCrl | null;
  readonly entries: readonly Revocation[];
  /** Serial numbers among `entries` that the CRL does not have yet. */
  readonly added: readonly string[];
}

/** The next CRL of an authority, planned. */
export interface PlannedCrl {
  readonly desired: DesiredAuthority;
  readonly number: number;
  readonly entries: readonly Revocation[];
  /** The outgoing entry, which signs it as well. */
  readonly outgoing: string | null;
  /** How long it is good for. */
  readonly validity: Seconds;
  readonly reason: CrlReason;
  readonly message: string;
}

/** Why a CRL is signed: there is something new to say, the entries that are to sign it are others, or it would end. */
export type CrlReason = 'Revoked' | 'IssuerRetired' | 'RenewalDue';

/** A CRL that was signed. */
export interface IssuedCrl {
  readonly desired: DesiredAuthority;
  readonly crl: RecordedCrl;
  readonly entries: readonly Revocation[];
}

/** The instant from which a CRL is due: a third of its life is for people to merge the next one in. */
export function crlDueAt({
  thisUpdate,
  nextUpdate,
}: Pick<RecordedCrl, 'thisUpdate' | 'nextUpdate'>): Date {
  const third = Math.floor((nextUpdate.getTime() - thisUpdate.getTime()) / 3000) * 1000;
  return new Date(nextUpdate.getTime() - third);
}

/** What a revoked certificate still is to those that look at no CRL. */
export interface RevocationStatus extends Pick<
  Revocation,
  'credential' | 'serialNumber' | 'notAfter'
> {
  readonly authority: CredentialPath;
  /** Whether the leaf is declared, and so gets another certificate. */
  readonly isDeclared: boolean;
  readonly domain: TrustDomain;
  readonly profile: Exclude<Profile, 'ca'>;
  /** Who it is to the Kubernetes API. */
  readonly user: string;
  readonly groups: readonly string[];
  /** What gives these rights, of the cluster's own manifests: `ClusterRoleBinding deployers (Group deployers)`. */
  readonly bindings: readonly string[];
  /** Whether etcd's HTTP clients have a listener of their own, beside which some versions look at no CRL. */
  readonly hasHttpListener: boolean;
}
