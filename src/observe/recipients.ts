import { storeError, type Fields } from './fields.ts';

/** The age recipients that a `sops` block names: what its writer says, not proof of who can read it. */
export function sopsRecipients(sops: unknown): string[] | undefined {
  const age: unknown =
    typeof sops === 'object' && sops !== null && 'age' in sops ? sops.age : undefined;
  if (!Array.isArray(age) || age.length === 0) return undefined;
  const recipients = age.map((entry: unknown): unknown =>
    typeof entry === 'object' && entry !== null && 'recipient' in entry ? entry.recipient : null,
  );
  const texts = recipients.filter((recipient) => typeof recipient === 'string');
  return texts.length === recipients.length ? texts : undefined;
}

/** The recipients of a store document, after its private key was seen to be encrypted. */
export function recipientsOf(fields: Fields): string[] {
  const privateKey = fields.raw('privateKey');
  if (typeof privateKey !== 'string' || !privateKey.startsWith('ENC[AES256_GCM,')) {
    throw storeError(fields.file, 'its private key is not encrypted by SOPS');
  }
  const recipients = sopsRecipients(fields.raw('sops'));
  if (recipients === undefined)
    throw storeError(fields.file, 'its "sops" block names no recipients');
  return recipients;
}
