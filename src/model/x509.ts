import type { AlternativeNames, KeyAlgorithm, Profile, Seconds, Subject } from './names.ts';

/** What can be read from a certificate; `pem` is the one block it came from. */
export interface CertificateInfo extends AlternativeNames {
  readonly pem: string;
  readonly subject: Subject;
  /** RFC 4514 text of the issuer's name. */
  readonly issuer: string;
  /** Upper-case hexadecimal, without leading zeros beyond whole octets. */
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly isCa: boolean;
  /** Dotted OIDs. */
  readonly extendedKeyUsages: readonly string[];
  /** Null where the key is of a kind that this product does not make. */
  readonly keyAlgorithm: KeyAlgorithm | null;
  /** SHA-256 over the DER of the SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly spki: string;
}

/** What a certificate is to say; its key and its issuer's come beside it. */
export interface CertificateSpec extends AlternativeNames {
  readonly profile: Profile;
  readonly subject: Subject;
  /** For profile `ca`: null for no limit. */
  readonly pathLength: number | null;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Positive, 16 to 20 octets, big-endian. */
  readonly serialNumber: Uint8Array;
}

/** CRLReason of RFC 5280 §5.3.1 by its number; those of whole authorities, and of holds that can end, are not a leaf's. */
export const REVOCATION_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const;

export type RevocationReason = keyof typeof REVOCATION_REASONS;

/** One entry of a CRL. */
export interface RevokedCertificate {
  /** As in `CertificateInfo`. */
  readonly serialNumber: string;
  readonly revokedAt: Date;
  readonly reason: RevocationReason;
}

/** What a CRL says; its signature comes beside it. */
export interface CrlSpec {
  /** Positive, one more with each CRL of an authority. */
  readonly number: number;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly revoked: readonly RevokedCertificate[];
}

/** A policy as it stood when the credential was issued; recorded beside it. */
export interface RenewalPolicy {
  readonly validity: Seconds;
  readonly renewBefore: Seconds;
  readonly jitter: Seconds;
}

/** When renewals are wanted: from each instant that `cron` names in the time zone, for a while. */
export interface RenewalWindow {
  /** Five fields. */
  readonly cron: string;
  readonly duration: Seconds;
  /** IANA name. */
  readonly timeZone: string;
}

/** What an issuer must have left beyond renewBefore and jitter, or the clamp to its notAfter would make renewals shrink in a loop. */
const ISSUER_FLOOR: Seconds = 86_400;

/** What an issuer must have left to issue under this policy (DESIGN §5). */
export function issuerFloor({
  renewBefore,
  jitter,
}: Pick<RenewalPolicy, 'renewBefore' | 'jitter'>): Seconds {
  return renewBefore + jitter + ISSUER_FLOOR;
}

/** RFC 5280 §4.2.1.12 key purposes, dotted, by profile. A CA has none: its would limit its leaves'. etcd's servers and peers are clients too. */
export const EXTENDED_KEY_USAGES: Readonly<Record<Profile, readonly string[]>> = {
  ca: [],
  server: ['1.3.6.1.5.5.7.3.1'],
  client: ['1.3.6.1.5.5.7.3.2'],
  peer: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
};
