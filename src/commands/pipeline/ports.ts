import { randomBytes, randomFillSync } from 'node:crypto';
import type { Environment } from '../../sops/age/sources.ts';
import type { Identities } from '../../sops/age/identity.ts';
import { generateKey } from '../../x509/build/key.ts';
import type { RandomBytes } from '../../model/ports.ts';
import type { Entropy, FleetSettings } from './context.ts';
import type { MakePorts } from './unit/work.ts';

/** Drawn at once: a hundred values of a cluster take OpenSSL as long each as all of them together. */
const POOL_OCTETS = 4096;

/** `randomBytes` of node:crypto for many small values. Each octet is given once, and is then wiped here. */
export function pooledRandomBytes(): RandomBytes {
  const pool = new Uint8Array(POOL_OCTETS);
  let used = POOL_OCTETS;
  return (size) => {
    if (size > POOL_OCTETS) return randomBytes(size);
    if (used + size > POOL_OCTETS) {
      randomFillSync(pool);
      used = 0;
    }
    const taken = pool.slice(used, used + size);
    pool.fill(0, used, used + size);
    used += size;
    return taken;
  };
}

/** What is new in a run comes from the system. */
export const SYSTEM_ENTROPY: Entropy = { randomBytes: pooledRandomBytes(), generateKey };

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
