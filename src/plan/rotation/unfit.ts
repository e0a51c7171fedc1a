import type { DesiredKeyset } from '../../model/desired.ts';
import type { CredentialPath } from '../../model/names.ts';
import type { ObservedEntry, ObservedKeyset } from '../../model/observed.ts';

export interface Surroundings {
  /** Names of recipients in wrong hands. */
  readonly compromised: ReadonlySet<string>;
  /** Of the tree. */
  readonly keyset: (path: CredentialPath) => ObservedKeyset | undefined;
  readonly now: Date;
}

/** Why an entry that nobody uses yet must not begin to issue: it has ended, or what a new key was made to end would begin again with it. */
export function unfitFaults(
  { id, state, certificate, keyAlgorithm, recipients, formerRecipients, issuer }: ObservedEntry,
  desired: Pick<DesiredKeyset, 'keyAlgorithm'>,
  { compromised, keyset, now }: Surroundings,
): string[] {
  if (state !== 'incoming') return [];
  const readers = new Set([...recipients, ...formerRecipients]);
  const hostile = [...readers].filter((name) => compromised.has(name));
  const isOrphan =
    issuer !== null && keyset(issuer.keyset)?.entries.every((above) => above.id !== issuer.id);
  const end = certificate?.notAfter;
  return [
    ...(end !== undefined && now.getTime() >= end.getTime()
      ? [`the certificate of the incoming entry ${id} ended on ${end.toISOString()}`]
      : []),
    ...(isOrphan === true
      ? [`the incoming entry ${id} is of "${issuer.keyset}/${issuer.id}", which is gone`]
      : []),
    ...(hostile.length === 0
      ? []
      : [`the incoming entry ${id} is compromised: ${hostile.join(', ')} could open its key`]),
    ...(keyAlgorithm === desired.keyAlgorithm
      ? []
      : [
          `the incoming entry ${id} has a key of ${keyAlgorithm ?? 'an unknown algorithm'}, declared is ${desired.keyAlgorithm}`,
        ]),
  ];
}
