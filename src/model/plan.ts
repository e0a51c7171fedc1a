import type { CredentialPath, TreePath } from './names.ts';

/** Why a leaf is issued again: the first check of the chain that fired. */
export type Reason =
  | 'Unreadable'
  | 'Missing'
  | 'KeyMismatch'
  | 'IssuerMissing'
  | 'IssuerRetired'
  | 'SubjectChanged'
  | 'SansChanged'
  | 'UsageChanged'
  | 'KeyAlgorithmChanged'
  | 'Revoked'
  | 'Exposed'
  | 'Requested'
  | 'Expired'
  | 'RenewalDue';

export interface Verdict {
  readonly reason: Reason;
  readonly message: string;
}

export type ActionName =
  | 'create'
  | 'rotate'
  | 'remember'
  | 'reissue'
  | 'revoke'
  | 'issue'
  | 'reencrypt'
  | 'delete'
  | 'write';

/** One thing that has to happen to a credential. */
export interface Action {
  readonly action: ActionName;
  readonly cluster: string;
  readonly credential: CredentialPath;
  readonly reason: string;
  readonly message: string;
  readonly needsIdentity: boolean;
}

/** Something a person must see to; it stops nothing else. */
export interface Finding {
  readonly code: 'RotationNeeded' | 'RevocationNeeded';
  readonly cluster: string;
  readonly credential: CredentialPath;
  readonly message: string;
}

/** A leaf that is due, and whose renewal windows are closed. */
export interface Waiting {
  readonly cluster: string;
  readonly credential: CredentialPath;
  /** Since when it is due. */
  readonly since: Date;
  /** When its next window opens. */
  readonly until: Date;
}

export interface FileChange {
  readonly path: TreePath;
  readonly change: 'create' | 'update' | 'delete';
}
