import { createHmac, createPrivateKey } from 'node:crypto';
import type { Entropy } from '../../src/commands/pipeline/context.ts';

/** RFC 8410: the DER of an Ed25519 private key up to its 32 octets. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Randomness that depends on the text alone. Ed25519, because its signatures hold no randomness of their own. */
export function seeded(seed: string): Entropy {
  let count = 0;
  const next = (): Buffer =>
    createHmac('sha512', seed)
      .update(String((count += 1)))
      .digest();
  return {
    randomBytes: (size) => next().subarray(0, size),
    generateKey: () => {
      const der = Buffer.concat([PKCS8_PREFIX, next().subarray(0, 32)]);
      return Promise.resolve(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
    },
  };
}
