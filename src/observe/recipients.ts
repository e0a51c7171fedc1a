import { storeError, type Fields } from './fields.ts';

/** The age recipients that a document's `sops` block names; they are what its writer says, not proof of who can read it. */
export function recipientsOf(fields: Fields): string[] {
  const sops = fields.raw('sops');
  const age = typeof sops === 'object' && sops !== null && 'age' in sops ? sops.age : undefined;
  const privateKey = fields.raw('privateKey');
  if (typeof privateKey !== 'string' || !privateKey.startsWith('ENC[AES256_GCM,')) {
    throw storeError(fields.file, 'its private key is not encrypted by SOPS');
  }
  const recipients = (Array.isArray(age) ? age : []).map((entry: unknown): unknown =>
    typeof entry === 'object' && entry !== null && 'recipient' in entry ? entry.recipient : null,
  );
  const texts = recipients.filter((recipient) => typeof recipient === 'string');
  if (texts.length === 0 || texts.length !== recipients.length) {
    throw storeError(fields.file, 'its "sops" block names no recipients');
  }
  return texts;
}
