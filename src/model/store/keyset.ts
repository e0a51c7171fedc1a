import type { CredentialPath } from '../names.ts';
import type { EntryState } from '../observed.ts';

export interface StatementEntry {
  readonly id: string;
  readonly state: EntryState;
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly spki: string;
}

/**
 * The octets that a keyset revision signs (DESIGN §3): JSON without white space, keys and entries in this fixed order, so that
 * a signature says which keys a cluster trusts, in which states, and which revision that was.
 */
export function keysetStatement(
  path: CredentialPath,
  revision: number,
  entries: readonly StatementEntry[],
): Uint8Array {
  const [cluster, keyset] = path.split('/');
  const sorted = entries
    .map(({ id, state, spki }) => ({ id, state, spki }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const statement = { type: 'cdk8s-pki/keyset/v1', cluster, keyset, revision, entries: sorted };
  return new TextEncoder().encode(JSON.stringify(statement));
}

/** An entry's id: the first 16 hexadecimal digits of its SPKI hash. */
export function entryId(spki: string): string {
  return spki.slice(0, 16);
}
