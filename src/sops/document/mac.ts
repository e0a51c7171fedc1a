import { createHash, timingSafeEqual, type KeyObject } from 'node:crypto';
import { PkiError } from '../../errors.ts';
import { openValue, sealValue } from './value.ts';

/** sha256("sops"): keeps a MAC over encrypted values apart from one over all (sops.go). */
const ENCRYPTED_ONLY = Buffer.from(
  '8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69',
  'hex',
);

/**
 * The MAC of a document: SHA-512 over its leaves' plaintext in document order, without keys or separators.
 * It covers neither keys in the clear, nor nulls, nor the `sops` block.
 */
export class Mac {
  readonly #hash = createHash('sha512');
  readonly #encryptedOnly: boolean;

  constructor(encryptedOnly = false) {
    this.#encryptedOnly = encryptedOnly;
    if (encryptedOnly) this.#hash.update(ENCRYPTED_ONLY);
  }

  update(plaintext: Uint8Array | string, encrypted: boolean): void {
    if (encrypted || !this.#encryptedOnly) this.#hash.update(plaintext);
  }

  /** Encrypted for the file. Its additional data is `lastmodified`, to the second. */
  seal(dataKey: KeyObject, lastmodified: string, iv: Uint8Array): string {
    return sealValue(this.#digest(), 'str', dataKey, lastmodified, iv);
  }

  /** @throws PkiError `ERR_MAC` where the file's MAC is another */
  check(mac: string, dataKey: Uint8Array, lastmodified: string): void {
    const expected = Buffer.from(this.#digest());
    const { bytes } = openMac(mac, dataKey, lastmodified);
    if (bytes.length !== expected.length || !timingSafeEqual(bytes, expected))
      throw macError('its MAC does not match its values');
  }

  #digest(): string {
    return this.#hash.digest('hex').toUpperCase();
  }
}

function openMac(mac: string, dataKey: Uint8Array, lastmodified: string): { bytes: Buffer } {
  try {
    return openValue(mac, dataKey, lastmodified, '"sops.mac"');
  } catch (error) {
    if (error instanceof PkiError && error.code === 'ERR_DECRYPT')
      throw macError('its MAC does not decrypt: "sops.mac" or "sops.lastmodified" was changed');
    throw error;
  }
}

function macError(message: string): PkiError {
  return new PkiError('ERR_MAC', message, {
    hint: [
      'a value in the clear was probably edited by hand, or two versions were merged',
      'restore the file from git, or issue it again: nothing in it can be trusted',
    ],
  });
}
