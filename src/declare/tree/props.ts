import type { Duration } from 'cdk8s';
import type { KeyAlgorithm } from '../../model/names.ts';

export type { KeyAlgorithm, Subject } from '../../model/names.ts';

/** How keysets of this scope are rotated: in stages, each one pull request. */
export interface Rotation {
  /**
   * How long a stage must have been rolled out before the next may follow.
   * @default Duration.hours(24)
   */
  readonly soak?: Duration;
  /**
   * Whether `renew --pull-request` proposes a rotation that is due, and each next stage as soon as it may follow, without being asked.
   * @default false
   */
  readonly automatic?: boolean;
  /**
   * Longest life of a service-account token that is honoured: a key that signs no more stays trusted that long. kube-apiserver extends
   * the tokens of pods to a year (`--service-account-extend-token-expiration`); tokens in Secrets have no end.
   * @default - unknown; such a key is retired with `rotate --accept-lockout` only
   */
  readonly maxTokenLife?: Duration;
}

/** When renewals are wanted: from each instant that `cron` names in the time zone, for a while. */
export interface RenewalWindow {
  /** Minute, hour, day of month, month, day of week: `'0 22 * * 6'`. */
  readonly cron: string;
  /** How long it stays open. */
  readonly windowDuration: Duration;
  /**
   * IANA time zone, such as `'Europe/Berlin'`.
   * @default 'UTC'
   */
  readonly timezone?: string;
}

/** When a certificate is issued again. */
export interface RenewalProps {
  /**
   * How long before notAfter a certificate is issued again. With `jitter` it must leave a third of the validity.
   * @default Duration.days(90)
   */
  readonly renewBefore?: Duration;
  /**
   * Instead of `renewBefore`: how much of the life that it was issued with a certificate has left when it is issued again, more
   * than 0 and less than 100. For short-lived certificates.
   * @default - none
   */
  readonly renewBeforePercentage?: number;
  /**
   * Window in which renewals of different nodes are spread, before notAfter minus renewBefore.
   * @default Duration.days(7)
   */
  readonly jitter?: Duration;
  /**
   * When renewals are wanted: what is due waits for one of these windows, unless that would leave less than half of renewBefore.
   * A pull request is opened in one, and stays open after it. An empty list is none.
   * @default - none; renewed when due
   */
  readonly renewalWindows?: readonly RenewalWindow[];
}

/** Settings that an App gives its clusters, and a cluster its credentials; the nearest one holds. */
export interface Defaults extends RenewalProps {
  /**
   * Algorithm of new private keys.
   * @default 'ECDSA-P256' (kubeadm: RSA-2048)
   */
  readonly keyAlgorithm?: KeyAlgorithm;
  /**
   * Time from issue to notAfter of certificates that are not authorities.
   * @default Duration.days(365)
   */
  readonly certificateValidity?: Duration;
  /**
   * Time from issue to notAfter of authorities.
   * @default Duration.days(3650)
   */
  readonly caCertificateValidity?: Duration;
  /**
   * How keysets are rotated.
   * @default - a soak of 24 hours, not automatic
   */
  readonly rotation?: Rotation;
}

/**
 * A reference to one part of a credential: opaque, deterministic text that rendering replaces by the value. It may stand
 * anywhere in a manifest or file, inside longer strings, JSON patches and map keys; it must not be encoded or cut.
 * References to private material are legal only in `data` and `stringData` of a Secret and in files declared secret.
 */
export interface Reference {
  /** Stands for PEM text (RFC 7468); alone on an indented line, it indents every line of the value. */
  readonly pem: string;
  /** Stands for the base64 form of the PEM text, as `data` of a Secret and `caBundle` take it. */
  readonly base64: string;
}

/** A file of a node. */
export interface BundleFile {
  /** The text of the file, with references. */
  readonly content: string;
  /**
   * Permission bits.
   * @default 0o644, or 0o600 where secret
   */
  readonly mode?: number;
  /**
   * Whether the file is encrypted in the tree. Only such a file may hold private material.
   * @default false
   */
  readonly secret?: boolean;
}
