import type { CredentialPath } from '../names.ts';

/** One line of `authorities.yaml`. */
export interface LedgerEntry {
  readonly cluster: string;
  readonly keyset: string;
  readonly id: string;
  readonly spki: string;
}

/** What tells that a keyset was made before: the ledger, and the keysets in the tree of git's HEAD. */
export interface History {
  readonly ledger: readonly LedgerEntry[];
  readonly head: ReadonlySet<CredentialPath>;
}
