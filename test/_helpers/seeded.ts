import { createHmac, createPrivateKey, type KeyObject } from 'node:crypto';
import type { Entropy } from '../../src/commands/pipeline/context.ts';
import { formatPrivateKey } from '../../src/x509/build/key.ts';
import { publicKeyInfo } from '../../src/x509/read/key.ts';

/** RFC 8410: the DER of an Ed25519 private key up to its 32 octets. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Randomness that depends on the text alone. Ed25519, because its signatures hold no randomness of their own. */
export function seeded(seed: string): Entropy {
  let count = 0;
  const next = (): Buffer =>
    createHmac('sha512', seed)
      .update(String((count += 1)))
      .digest();
  const newKey = (): KeyObject => {
    const der = Buffer.concat([PKCS8_PREFIX, next().subarray(0, 32)]);
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  };
  return {
    randomBytes: (size) => next().subarray(0, size),
    generateKey: () => Promise.resolve(newKey()),
    generateLeafKey: () => {
      const key = newKey();
      return Promise.resolve({ info: publicKeyInfo(key), privateKey: formatPrivateKey(key) });
    },
  };
}
