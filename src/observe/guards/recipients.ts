import { PkiError } from '../../errors.ts';
import type { DesiredFleet } from '../../model/desired.ts';
import { areRecipients, storedName } from '../../model/recipients.ts';
import { restoreHints } from '../../model/store/restore.ts';

/** `since` may be a date, of a time zone that is ahead. */
const DAY = 86_400_000;

/**
 * Whoever is removed was removed before now: a date to come is a mistake, and would say that files of today are not its to read.
 *
 * @throws PkiError `ERR_DECLARATION_INVALID`.
 */
export function guardRemoved(
  { removedRecipients }: Pick<DesiredFleet, 'removedRecipients'>,
  now: Date,
): void {
  const early = removedRecipients.filter(({ since }) => Date.parse(since) > now.getTime() + DAY);
  if (early.length === 0) return;
  throw new PkiError('ERR_DECLARATION_INVALID', 'removedRecipients has a date that is to come', {
    details: early.map(({ recipient, since }) => `${recipient} since ${since}`),
    hint: 'since is when it was removed: a date that has come',
  });
}

/**
 * Only declared recipients may stand in a file (or ones on their way out, in `removedRecipients`): a planted one would be handed
 * the data key by the next `sops rotate`.
 *
 * @param elsewhere who is declared in whatever role: whoever changes the role or leaves one cluster is on the way out of this file.
 * @throws PkiError `ERR_UNKNOWN_RECIPIENT`.
 */
export function guardRecipients(
  file: string,
  recipients: readonly string[],
  declared: readonly string[],
  fleet: Pick<DesiredFleet, 'removedRecipients'>,
  elsewhere: readonly string[],
): void {
  if (areRecipients(recipients, declared)) return;
  const removed = fleet.removedRecipients.map(({ recipient }) => recipient);
  const known = new Set([...declared, ...removed, ...elsewhere].map(storedName));
  const unknown = recipients.filter((recipient) => !known.has(recipient));
  if (unknown.length === 0) return;
  throw new PkiError(
    'ERR_UNKNOWN_RECIPIENT',
    `"${file}" is encrypted to a recipient that is not declared`,
    {
      details: unknown,
      hint: [
        'if it was removed on purpose, list it in removedRecipients of the App',
        'if nobody knows it, restore the file',
        ...restoreHints(file),
      ],
    },
  );
}
