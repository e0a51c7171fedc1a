import { randomBytes } from 'node:crypto';
import type { Environment } from '../../sops/age/sources.ts';
import { NO_IDENTITIES, type Identities } from '../../sops/age/identity.ts';
import { nativeCipher } from '../../sops/cipher.ts';
import { programCipher } from '../../sops/program.ts';
import { generateKey } from '../../x509/build/key.ts';
import type { Entropy, FleetSettings } from './context.ts';
import type { MakePorts } from './unit/work.ts';

/** What is new in a run comes from the system. */
export const SYSTEM_ENTROPY: Entropy = { randomBytes: (size) => randomBytes(size), generateKey };

/** How a run carries out its plan. */
export interface MakeSettings {
  readonly environment: Environment;
  readonly partial: boolean;
}

/** @param identities asked only once one is needed: looking for identities may run a program that asks for a password. */
export function makePorts(
  { encryption }: FleetSettings,
  { environment, partial }: MakeSettings,
  identities: () => Promise<Identities>,
): MakePorts {
  return {
    cipher: async (decrypts) =>
      encryption === 'sops'
        ? programCipher({ environment })
        : nativeCipher(decrypts ? await identities() : NO_IDENTITIES),
    hasIdentity: async () => encryption === 'sops' || (await identities()).list.length > 0,
    partial,
  };
}
