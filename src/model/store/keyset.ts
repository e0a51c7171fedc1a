import type { CredentialPath, Seconds } from '../names.ts';
import type { EntryState } from '../observed.ts';

export interface StatementEntry {
  readonly id: string;
  readonly state: EntryState;
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly spki: string;
  /**
   * The longest life of what it ever signed outside of the tree, as far as that was declared while it was trusted to sign. Not signed:
   * it goes up with the declaration, without an identity, and never down, which is compared with HEAD and with the base.
   */
  readonly outsideLife?: Seconds | undefined;
}

/** What an entry is to remember of the life of what it signs outside of the tree: the longest ever; undefined where it signs nothing. */
export function rememberedLife(
  { state, outsideLife }: Pick<StatementEntry, 'state' | 'outsideLife'>,
  declared: Seconds | null,
): Seconds | undefined {
  if (state === 'incoming') return undefined;
  return Math.max(outsideLife ?? 0, declared ?? 0) || undefined;
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
