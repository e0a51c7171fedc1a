import type { DesiredKeyset } from '../../model/desired.ts';
import type { ObservedEntry } from '../../model/observed.ts';

/** Why an entry that nobody uses yet must not begin to issue: what a new key was made to end would begin again with it. */
export function unfitFaults(
  { id, state, keyAlgorithm, recipients, formerRecipients }: ObservedEntry,
  desired: Pick<DesiredKeyset, 'keyAlgorithm'>,
  compromised: ReadonlySet<string>,
): string[] {
  if (state !== 'incoming') return [];
  const readers = new Set([...recipients, ...formerRecipients]);
  const hostile = [...readers].filter((name) => compromised.has(name));
  return [
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
