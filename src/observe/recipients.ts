import { PkiError } from '../errors.ts';
import { metadataOf } from '../sops/document/metadata.ts';
import { storeError, type Fields } from './fields.ts';

/** The recipients that a `sops` block names: what its writer says, not proof of who can read it. */
export function sopsRecipients(
  document: unknown,
  format: 'yaml' | 'binary',
): readonly string[] | undefined {
  try {
    return metadataOf(document, format, { program: true }).recipients;
  } catch (error) {
    if (error instanceof PkiError) return undefined;
    throw error;
  }
}

/** @throws PkiError `ERR_STORE` for a document whose private key is in the clear */
export function requireEncrypted(fields: Fields): void {
  const privateKey = fields.raw('privateKey');
  if (typeof privateKey !== 'string' || !privateKey.startsWith('ENC[AES256_GCM,')) {
    throw storeError(fields.file, 'its private key is not encrypted by SOPS');
  }
}

/** The recipients of a store document, after its private key was seen to be encrypted. */
export function recipientsOf(fields: Fields): readonly string[] {
  requireEncrypted(fields);
  const recipients = sopsRecipients({ sops: fields.raw('sops') }, 'yaml');
  if (recipients === undefined) throw storeError(fields.file, 'its "sops" block is not complete');
  return recipients;
}

/** Those of an earlier encryption, which the document remembers. */
export function formerRecipientsOf(fields: Fields): readonly string[] {
  return fields.has('formerRecipients') ? fields.text('formerRecipients').split(',') : [];
}
