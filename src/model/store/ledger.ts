/** One line of `authorities.yaml`. */
export interface LedgerEntry {
  readonly cluster: string;
  readonly keyset: string;
  readonly id: string;
  readonly spki: string;
}

/** What tells that a keyset was made before. */
export interface History {
  /** SPKIs of the ledger, by the path of the keyset. */
  readonly ledger: ReadonlyMap<string, ReadonlySet<string>>;
  /** Paths of the keysets in the tree of git's HEAD. */
  readonly head: ReadonlySet<string>;
}
