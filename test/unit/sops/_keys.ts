import { generateHybridIdentity, generateX25519Identity } from 'age-encryption';
import type { PkiError } from '../../../src/errors.ts';
import { AgeIdentity, type Identities } from '../../../src/sops/age/identity.ts';

export interface TestKey extends Identities {
  readonly recipient: string;
  readonly text: string;
}

/** An identity made for one test. */
export async function makeKey(kind: 'X25519' | 'hybrid' = 'X25519'): Promise<TestKey> {
  const text = await (kind === 'X25519' ? generateX25519Identity() : generateHybridIdentity());
  const identity = await AgeIdentity.parse(text);
  if (identity === undefined) throw new Error('a made identity does not parse');
  return { text, recipient: identity.recipient, list: [identity], unusable: [] };
}

export function both(...keys: readonly TestKey[]): Identities {
  return { list: keys.flatMap(({ list }) => list), unusable: [] };
}

/** What tests compare of an error. */
function seen(error: unknown): { code: string; message: string } {
  const { code, message } = error as PkiError;
  return { code, message };
}

/** The error of what is to throw. */
export function thrown(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    return seen(error);
  }
  return { code: 'none', message: 'nothing was thrown' };
}

export async function rejected(
  promise: Promise<unknown>,
): Promise<{ code: string; message: string }> {
  return promise.then(
    () => ({ code: 'none', message: 'nothing was thrown' }),
    (error: unknown) => seen(error),
  );
}

/** Octets that count up: the golden test's data key and initialization vectors. */
export function counting(): (size: number) => Uint8Array {
  let call = 0;
  return (size) => {
    call += 1;
    return Uint8Array.from({ length: size }, (_, index) => (call * 32 + index) % 256);
  };
}
