import { Decrypter, identityToRecipient } from 'age-encryption';
import { decodeBech32 } from './bech32.ts';
import { X25519Identity } from './x25519.ts';

const PREFIX = 'AGE-SECRET-KEY-';
const HYBRID_PREFIX = 'AGE-SECRET-KEY-PQ-';

/** An age identity. Its key is out of reach of loggers and serializers. */
export class AgeIdentity {
  /** `age1…` or `age1pq1…` */
  readonly recipient: string;
  readonly #text: string;
  readonly #decrypter: Decrypter;

  private constructor(recipient: string, text: string, decrypter: Decrypter) {
    this.recipient = recipient;
    this.#text = text;
    this.#decrypter = decrypter;
  }

  /** Undefined where the text is not an identity of these two kinds, or malformed. */
  static async parse(text: string): Promise<AgeIdentity | undefined> {
    const hybrid = text.startsWith(`${HYBRID_PREFIX}1`);
    const scalar = decodeBech32(text, hybrid ? HYBRID_PREFIX : PREFIX);
    if (scalar?.length !== 32) return undefined;
    const decrypter = new Decrypter();
    decrypter.addIdentity(hybrid ? text : new X25519Identity(scalar));
    scalar.fill(0);
    return new AgeIdentity(await identityToRecipient(text), text, decrypter);
  }

  /** What {@link AgeIdentity.parse} takes; for the threads of this process, which share no objects. */
  text(): string {
    return this.#text;
  }

  /** The content of an age file, not armored. Rejects where this identity does not open it. */
  async decrypt(file: Uint8Array): Promise<Uint8Array> {
    return this.#decrypter.decrypt(file);
  }
}

/** What a run may decrypt with. */
export interface Identities {
  readonly list: readonly AgeIdentity[];
  /** Sources of identities that only the sops program can use, for messages. */
  readonly unusable: readonly string[];
}

export const NO_IDENTITIES: Identities = { list: [], unusable: [] };

/**
 * The recipient of an identity.
 * @throws TypeError where the text is not an identity
 */
export async function recipientOf(identity: AgeIdentity | string): Promise<string> {
  const parsed = typeof identity === 'string' ? await AgeIdentity.parse(identity) : identity;
  if (parsed === undefined) throw new TypeError('not an age identity');
  return parsed.recipient;
}
