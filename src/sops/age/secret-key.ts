import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/** What the format says of every key that is derived: HKDF of RFC 5869 with SHA-256, 32 octets. */
export function derivedKey(key: KeyObject, salt: Uint8Array, info: string): KeyObject {
  const octets = Buffer.from(hkdfSync('sha256', key, salt, info, 32));
  return secretKey(octets);
}

/**
 * Octets as a key; they are wiped here, and by Node where the key is collected. Ciphers, HMAC and HKDF take octets as well, but
 * Node 24 first throws and catches an error to see that those are no key, which takes longer than what they do.
 */
export function secretKey(octets: Uint8Array): KeyObject {
  const key = createSecretKey(octets);
  octets.fill(0);
  return key;
}
