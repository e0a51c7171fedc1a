import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { PkiError } from '../../errors.ts';
import { formatError } from './error.ts';

const DATA_KEY_SIZE = 32;
/** Not the usual 12: sops uses `NewGCMWithNonceSize(32)`. */
export const IV_SIZE = 32;
const TAG_SIZE = 16;

const ENCRYPTED =
  /^ENC\[AES256_GCM,data:([A-Za-z0-9+/=]+),iv:([A-Za-z0-9+/=]+),tag:([A-Za-z0-9+/=]+),type:([a-z]+)\]$/u;

/** A value that has been decrypted and authenticated. */
export interface Opened {
  readonly type: string;
  readonly bytes: Buffer;
}

/** `ENC[AES256_GCM,…]`; the additional data is the path, or `lastmodified` for the MAC. */
export function sealValue(
  plaintext: Uint8Array | string,
  type: string,
  dataKey: KeyObject,
  additionalData: string,
  iv: Uint8Array,
): string {
  const cipher = createCipheriv('aes-256-gcm', dataKey, iv, { authTagLength: TAG_SIZE });
  cipher.setAAD(Buffer.from(additionalData));
  const bytes = typeof plaintext === 'string' ? Buffer.from(plaintext) : plaintext;
  const data = Buffer.concat([cipher.update(bytes), cipher.final()]);
  if (typeof plaintext === 'string') bytes.fill(0);
  const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');
  return `ENC[AES256_GCM,data:${base64(data)},iv:${base64(iv)},tag:${base64(cipher.getAuthTag())},type:${type}]`;
}

export function isSealed(text: string): boolean {
  return ENCRYPTED.test(text);
}

/**
 * @param what - names the value in errors, such as `"data.key"`; the text itself is never shown.
 * @throws PkiError `ERR_SOPS_FORMAT`, or `ERR_DECRYPT` where the tag does not verify
 */
export function openValue(
  text: string,
  dataKey: Uint8Array,
  additionalData: string,
  what: string,
): Opened {
  const match = ENCRYPTED.exec(text);
  if (match === null)
    throw formatError(`${what} should be encrypted and is not of the form ENC[AES256_GCM,…]`, {
      hint: 'a value was added or replaced by hand: restore the file from git or edit it with sops',
    });
  const [data, iv, tag] = match.slice(1, 4).map((part) => fromBase64(part, what)) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  if (tag.length !== TAG_SIZE)
    throw formatError(`${what} has an authentication tag of ${tag.length} octets instead of 16`);
  if (iv.length < 12 || iv.length > 64)
    throw formatError(`${what} has an initialization vector of ${iv.length} octets instead of 32`);
  const decipher = createDecipheriv('aes-256-gcm', dataKey, iv, { authTagLength: TAG_SIZE });
  decipher.setAAD(Buffer.from(additionalData));
  decipher.setAuthTag(tag);
  const bytes = decipher.update(data);
  try {
    decipher.final(); // authenticates; GCM has nothing left
    return { type: match[4] ?? '', bytes };
  } catch {
    bytes.fill(0);
    throw new PkiError('ERR_DECRYPT', `${what} does not decrypt: it or its key was changed`, {
      hint: 'the file was edited by hand or put together from two files: restore it from git',
    });
  }
}

/** Buffer.from(…, 'base64') skips what it does not know: only what encodes back to itself is taken. */
function fromBase64(text: string, what: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw formatError(`${what} holds invalid base64`);
  return bytes;
}

export function checkDataKey(dataKey: Uint8Array): Uint8Array {
  if (dataKey.length !== DATA_KEY_SIZE)
    throw formatError(`its data key has ${dataKey.length} octets instead of 32`);
  return dataKey;
}

export function newDataKey(randomBytes: (size: number) => Uint8Array): Uint8Array {
  return randomBytes(DATA_KEY_SIZE);
}
