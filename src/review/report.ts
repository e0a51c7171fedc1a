import type { CredentialPath, KeyAlgorithm, TreePath } from '../model/names.ts';
import type { EntryState } from '../model/observed.ts';
import type { FlagCode, Severity } from './flags.ts';

/** What differs between two trees, as data: for the report, for the gate of a pull request and for its body. */
export interface Review {
  readonly now: Date;
  /** Worst first. */
  readonly flags: readonly Flag[];
  readonly totals: Totals;
  readonly deadline: Deadline | null;
  /** Those that differ, by name. */
  readonly clusters: readonly ClusterReview[];
}

/** Something that a reviewer must look at. */
export interface Flag {
  readonly code: FlagCode;
  readonly severity: Severity;
  /** Null where it is the fleet's. */
  readonly cluster: string | null;
  readonly credential: CredentialPath | null;
  readonly file: TreePath | null;
  readonly message: string;
}

export interface Totals {
  readonly renewed: number;
  readonly changed: number;
  readonly added: number;
  readonly removed: number;
  /** Documents written again with the certificate that they had. */
  readonly rewritten: number;
  readonly damaged: number;
  /** Keysets that differ. */
  readonly keysets: number;
  /** Nodes on which something restarts. */
  readonly nodes: number;
  readonly files: number;
}

export interface ClusterReview {
  readonly name: string;
  readonly change: 'added' | 'changed' | 'removed';
  readonly totals: Totals;
  readonly certificates: readonly CertificateChange[];
  readonly keysets: readonly KeysetChange[];
  /** In the order in which they restart: one node after the other. */
  readonly restarts: readonly NodeRestarts[];
  readonly deadline: Deadline | null;
  readonly copies: readonly Copy[];
  /** Files that differ. */
  readonly files: readonly TreePath[];
}

export type Change = 'added' | 'renewed' | 'changed' | 'removed' | 'rewritten' | 'damaged';

/** One leaf credential. */
export interface CertificateChange {
  readonly credential: CredentialPath;
  readonly file: TreePath;
  readonly change: Change;
  /** Why it was issued, as its document says. */
  readonly reason: string | null;
  readonly before: CertificateFacts | null;
  readonly after: CertificateFacts | null;
  readonly sansAdded: readonly string[];
  readonly sansRemoved: readonly string[];
  /** Which of these differ, besides serial number and dates. */
  readonly differs: readonly Difference[];
  /** Null where one side is not there. */
  readonly key: 'kept' | 'changed' | null;
  /** What is wrong with a damaged one, on either side. */
  readonly problems: readonly string[];
}

export type Difference = 'subject' | 'sans' | 'usages' | 'issuer' | 'algorithm' | 'ca';

export interface CertificateFacts {
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly subject: string;
  /** The keyset and the id of its entry. */
  readonly issuer: string;
  /** `DNS:…`, `IP:…`, `URI:…`, sorted. */
  readonly sans: readonly string[];
  /** Extended key usages, by their names in RFC 5280. */
  readonly usages: readonly string[];
  readonly isCa: boolean;
  readonly keyAlgorithm: KeyAlgorithm | null;
  readonly spki: string;
  readonly organizations: readonly string[];
  readonly commonName: string | null;
  readonly recipients: readonly string[];
}

/** A keyset, and with it a trust bundle. */
export interface KeysetChange {
  readonly credential: CredentialPath;
  readonly file: TreePath;
  readonly change: 'added' | 'changed' | 'reissued' | 'removed' | 'rewritten' | 'damaged';
  readonly before: KeysetFacts | null;
  readonly after: KeysetFacts | null;
  /** Where an entry has another certificate for its key: when the first of those before ends. */
  readonly oldNotAfter: Date | null;
  readonly problems: readonly string[];
}

export interface KeysetFacts {
  readonly revision: number;
  /** The issuing one first. */
  readonly entries: readonly EntryFacts[];
  /** Of an authority that has revoked something. */
  readonly crl?: CrlFacts;
}

export interface CrlFacts {
  readonly number: number;
  readonly nextUpdate: Date;
  /** How many certificates it names. */
  readonly revoked: number;
  /** The outgoing entry, where that signed it as well. */
  readonly outgoing: string | null;
}

export interface EntryFacts {
  readonly id: string;
  readonly state: EntryState;
  readonly spki: string;
  /** Null for a service-account key, and where the document cannot be read. */
  readonly subject: string | null;
  readonly notAfter: Date | null;
}

export interface NodeRestarts {
  readonly node: string;
  readonly pods: readonly PodRestart[];
}

export interface PodRestart {
  /** A static pod, or `kubelet`. */
  readonly name: string;
  readonly change: 'start' | 'restart' | 'stop';
  /** Files that it reads and that differ, by their path on the node. */
  readonly reads: readonly string[];
}

/** When the first of the replaced certificates expires. */
export interface Deadline {
  readonly notAfter: Date;
  /** Those that expire on that day. */
  readonly credentials: readonly CredentialPath[];
  readonly stops: readonly string[];
}

/** Copies of what is replaced that no merge reaches. */
export interface Copy {
  readonly credentials: readonly CredentialPath[];
  readonly where: string;
  /** When the first of them stops working; null where it does not by itself. */
  readonly until: Date | null;
}
