import type { CredentialPath } from '../names.ts';

/** A line of `authorities.yaml`: a key of a keyset that was made. */
export interface LedgerEntry {
  readonly cluster: string;
  readonly keyset: string;
  readonly id: string;
  readonly spki: string;
}

/** A line that says that a cluster, or one keyset of it, was removed on purpose. */
export interface Tombstone {
  readonly cluster: string;
  /** Null where the whole cluster was removed. */
  readonly keyset: string | null;
  /** RFC 3339, in UTC. */
  readonly removed: string;
}

export type LedgerLine = LedgerEntry | Tombstone;

/** A line as it is written, without its end. */
export function ledgerLine(line: LedgerLine): string {
  if ('spki' in line) {
    const { cluster, keyset, id, spki } = line;
    return `- {cluster: ${cluster}, keyset: ${keyset}, id: "${id}", spki: "${spki}"}`;
  }
  const keyset = line.keyset === null ? '' : ` keyset: ${line.keyset},`;
  return `- {cluster: ${line.cluster},${keyset} removed: "${line.removed}"}`;
}

/** A line that the ledger had once, and the commit that added it. */
export interface PastLine {
  readonly commit: string;
  readonly line: LedgerLine;
}

/** What git's HEAD has of the tree. */
export interface Head {
  /** How much there is before HEAD: nothing, all, or what the clone was cut down to. */
  readonly history: 'none' | 'whole' | 'shallow';
  readonly keysets: ReadonlySet<CredentialPath>;
  /** Text of the ledger; empty where there is none. */
  readonly ledger: string;
  /** `keyset.yaml` of keysets that are not in the work tree as they are in HEAD. */
  readonly changed: ReadonlyMap<CredentialPath, Uint8Array>;
  /** `revocations.yaml` of keysets, the same way. */
  readonly revocations: ReadonlyMap<CredentialPath, Uint8Array>;
}

export const NO_HEAD: Head = {
  history: 'none',
  keysets: new Set(),
  ledger: '',
  changed: new Map(),
  revocations: new Map(),
};

/** What tells that a keyset was made before. */
export interface History {
  /** SPKIs of the ledger, by the path of the keyset. */
  readonly ledger: ReadonlyMap<string, ReadonlySet<string>>;
  /** When keysets were removed that were not made since, by their path. */
  readonly removed: ReadonlyMap<string, string>;
  /** What the ledger said in commits before, by the path of the keyset; looked up only where the ledger lacks a declared one. */
  readonly past: ReadonlyMap<string, PastKeyset>;
  readonly head: Pick<Head, 'history' | 'keysets' | 'changed' | 'revocations'>;
  /** Whether nothing at all is left of the ledger, here and in HEAD. */
  readonly isLedgerGone: boolean;
}

interface PastKeyset {
  readonly spkis: ReadonlySet<string>;
  /** The last commit that added lines of the cluster: it has them all. */
  readonly commit: string;
}
