/** One line of `authorities.yaml`. */
export interface LedgerEntry {
  readonly cluster: string;
  readonly keyset: string;
  readonly id: string;
  readonly spki: string;
}
