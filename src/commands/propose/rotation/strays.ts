import type { CredentialPath } from '../../../model/names.ts';
import type { Held } from '../../../propose/renewal.ts';
import { parseRecord, requestFor } from './record.ts';
import { nothingOf, type RotationWork } from './works.ts';

/** Keysets of the clusters that a run is about. */
export interface DeclaredKeysets {
  readonly tree: string;
  readonly all: ReadonlySet<CredentialPath>;
  /** Those with `rotation.automatic`. */
  readonly automatic: ReadonlySet<CredentialPath>;
}

/**
 * Open pull requests of automatic stages whose keysets are no longer rotated by themselves, to be closed. What somebody asked for
 * stays, whatever is declared: people decide.
 *
 * @param isWhole whether a keyset that the run is not about is declared nowhere.
 */
export function strayWorks(
  { all, automatic }: DeclaredKeysets,
  held: readonly Held[],
  isWhole: boolean,
): RotationWork[] {
  return held.flatMap(({ name, record }) => {
    const { wish, keyset } = parseRecord(record) ?? {};
    if (wish !== 'automatic' || keyset !== name || automatic.has(keyset)) return [];
    const isDeclared = all.has(keyset);
    if (!isDeclared && !isWhole) return [];
    const why = isDeclared
      ? `${keyset} is no longer declared \`rotation: { automatic: true }\`: \`cdk8s-pki rotate ${keyset.replace('/', ' ')} --pull-request\` asks for it.`
      : `${keyset} is no longer declared.`;
    const closing = `Nobody asked for this stage, and ${why}`;
    const request = requestFor({ keyset, transition: 'accept', acceptLockout: false });
    // of what is not declared nobody knows what it was for, and nothing of it is made
    const nothing = nothingOf({ keyset, domain: 'authority', users: [] }, request);
    return [{ ...nothing, transition: 'accept' as const, closing }];
  });
}
