import { randomBytes, randomFillSync } from 'node:crypto';
import type { Environment } from '../../sops/age/sources.ts';
import type { Identities } from '../../sops/age/identity.ts';
import { generateKey, generateLeafKey } from '../../x509/build/key.ts';
import type { RandomBytes } from '../../model/ports.ts';
import type { Entropy, FleetSettings } from './context.ts';
import type { MakePorts } from './unit/work.ts';

/** One call for so many takes OpenSSL as long as one for 32, and a cluster needs more than a hundred values. */
const POOL_OCTETS = 4096;

/** `randomBytes` of node:crypto for many small values. Each octet is given once, and is then wiped in the pool. */
export function pooledRandomBytes(pool = new Uint8Array(POOL_OCTETS)): RandomBytes {
  let used = pool.length;
  return (size) => {
    if (!Number.isInteger(size) || size < 0 || size > pool.length) return randomBytes(size);
    if (used + size > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    // in memory of its own: octets inside of V8's heap leave copies behind where it moves them, which nobody can wipe
    const taken = new Uint8Array(new ArrayBuffer(size));
    taken.set(pool.subarray(used, used + size));
    pool.fill(0, used, used + size);
    used += size;
    return taken;
  };
}

/** What is new in a run comes from the system. */
export const SYSTEM_ENTROPY: Entropy = {
  randomBytes: pooledRandomBytes(),
  generateKey,
  generateLeafKey,
};

/** How a run carries out its plan. */
export interface MakeSettings {
  readonly environment: Environment;
  readonly partial: boolean;
}

/**
 * Ciphers, and what they import, are loaded only once something is encrypted: most runs find nothing to do.
 *
 * @param identities asked only once one is needed: looking for identities may run a program that asks for a password.
 */
export function makePorts(
  { encryption }: FleetSettings,
  { environment, partial }: MakeSettings,
  identities: () => Promise<Identities>,
): MakePorts {
  return {
    cipher: async (decrypts) => {
      if (encryption === 'sops') {
        const { programCipher } = await import('../../sops/program.ts');
        return programCipher({ environment });
      }
      const { nativeCipher } = await import('../../sops/cipher.ts');
      return nativeCipher(decrypts ? await identities() : undefined);
    },
    hasIdentity: async () => encryption === 'sops' || (await identities()).list.length > 0,
    partial,
  };
}
