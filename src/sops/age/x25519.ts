import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import type { Identity, Stanza } from 'age-encryption';
import { withDerivedKey } from './secret-key.ts';

/** RFC 8410: the DER of an X25519 private key up to its 32 octets. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

const LABEL = 'age-encryption.org/v1/X25519';
const FILE_KEY_SIZE = 16;
const TAG_SIZE = 16;
/** The wrap key is used once (age §X25519). */
const NONCE = Buffer.alloc(12);

interface Ephemeral {
  readonly privateKey: KeyObject;
  readonly publicKey: { readonly x: string };
}

/**
 * The public key comes with the private one, from the job that generates both: to multiply once more takes half as long as the rest. It
 * is not exported later, since Node 20 holds a key's lock while it makes its JWK, and where it just then collects the job that
 * generated the key, that waits for the same lock for ever. The types do not know that one of a pair may be encoded alone.
 */
const generateEphemeral = generateKeyPairSync as unknown as (
  type: 'x25519',
  options: { readonly publicKeyEncoding: { readonly format: 'jwk' } },
) => Ephemeral;

/** The X25519 recipient of age by node:crypto: a sixth of the time of the library's own. */
export class X25519Recipient {
  readonly #raw: Uint8Array;
  readonly #key: KeyObject;

  constructor(raw: Uint8Array) {
    this.#raw = raw;
    this.#key = publicKey(raw);
  }

  wrapFileKey(fileKey: Uint8Array): Pick<Stanza, 'args' | 'body'> {
    const encoding = { publicKeyEncoding: { format: 'jwk' } } as const;
    const { privateKey, publicKey } = generateEphemeral('x25519', encoding);
    const share = Buffer.from(publicKey.x, 'base64url');
    const secret = diffieHellman({ privateKey, publicKey: this.#key });
    const body = withWrapKey(secret, share, this.#raw, (key) => {
      const cipher = createCipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_SIZE });
      return Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
    });
    return { args: ['X25519', share.toString('base64').replace(/=+$/u, '')], body };
  }
}

export class X25519Identity implements Identity {
  readonly #key: KeyObject;
  readonly #recipient: Uint8Array;

  constructor(scalar: Uint8Array) {
    const der = Buffer.concat([PKCS8_PREFIX, scalar]);
    this.#key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    der.fill(0);
    this.#recipient = rawOf(createPublicKey(this.#key));
  }

  /** Null where no stanza is for this identity. */
  unwrapFileKey(stanzas: Stanza[]): Uint8Array | null {
    for (const { args, body } of stanzas) {
      if (args[0] !== 'X25519') continue;
      const fileKey = this.#open(args, body);
      if (fileKey !== null) return fileKey;
    }
    return null;
  }

  #open(args: readonly string[], body: Uint8Array): Uint8Array | null {
    const share = Buffer.from(args[1] ?? '', 'base64');
    const canonical = share.toString('base64').replace(/=+$/u, '') === args[1];
    if (args.length !== 2 || !canonical || share.length !== 32)
      throw new Error('invalid X25519 stanza');
    if (body.length !== FILE_KEY_SIZE + TAG_SIZE) throw new Error('invalid X25519 stanza');
    // Throws for a share of low order, whose secret would be all zero.
    const secret = diffieHellman({ privateKey: this.#key, publicKey: publicKey(share) });
    return withWrapKey(secret, share, this.#recipient, (key) => {
      const decipher = createDecipheriv('chacha20-poly1305', key, NONCE, {
        authTagLength: TAG_SIZE,
      });
      decipher.setAuthTag(body.subarray(FILE_KEY_SIZE));
      const fileKey = decipher.update(body.subarray(0, FILE_KEY_SIZE));
      try {
        decipher.final(); // authenticates; a stream cipher has nothing left
        return fileKey;
      } catch {
        fileKey.fill(0);
        return null;
      }
    });
  }
}

// As JWK (RFC 8037): a quarter of the time of DER in OpenSSL 3.
function publicKey(raw: Uint8Array): KeyObject {
  const x = Buffer.from(raw).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
}

function rawOf(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}

/** Wipes the shared secret, which nothing else is made of. */
function withWrapKey<T>(
  secret: Uint8Array,
  share: Uint8Array,
  recipient: Uint8Array,
  use: (key: Uint8Array | KeyObject) => T,
): T {
  try {
    return withDerivedKey(secret, Buffer.concat([share, recipient]), LABEL, use);
  } finally {
    secret.fill(0);
  }
}
