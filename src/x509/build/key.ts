import { createECDH, createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyAlgorithm } from '../../model/names.ts';
import { PkiError } from '../../errors.ts';
import {
  P256,
  P384,
  publicJwk,
  publicKeyInfo,
  rememberKey,
  type Curve,
} from '../../x509/read/key.ts';
import { formatPem } from '../../x509/read/pem.ts';

const generate = promisify(generateKeyPair);

interface GeneratedKey {
  readonly privateKey: KeyObject;
  /** SubjectPublicKeyInfo, where it is at hand. */
  readonly info?: Buffer;
}

/** How node makes a key of each algorithm; RSA, which takes long, on the libuv pool. */
const GENERATORS: Readonly<Record<KeyAlgorithm, () => Promise<GeneratedKey> | GeneratedKey>> = {
  'RSA-2048': () => generate('rsa', { modulusLength: 2048 }),
  'RSA-3072': () => generate('rsa', { modulusLength: 3072 }),
  'RSA-4096': () => generate('rsa', { modulusLength: 4096 }),
  'ECDSA-P256': () => generateEc(P256),
  'ECDSA-P384': () => generateEc(P384),
  Ed25519: () => generate('ed25519', {}),
};

/** In half of the time of a key pair and the export of its public key, which OpenSSL 3 has slow encoders for. */
function generateEc(curve: Curve): GeneratedKey {
  const { name, size, infoStart } = curve;
  const ecdh = createECDH(name);
  const point = ecdh.generateKeys().subarray(1); // after the octet that says uncompressed
  const scalar = ecdh.getPrivateKey(); // without leading zeros
  const padded = Buffer.concat([Buffer.alloc(size - scalar.length), scalar]);
  const key = { ...publicJwk(curve, point), d: padded.toString('base64url') };
  scalar.fill(0);
  padded.fill(0);
  return {
    privateKey: createPrivateKey({ key, format: 'jwk' }),
    info: Buffer.concat([infoStart, point]),
  };
}

/** A new private key. RSA takes a quarter of a second of a core or more: start many, then await. */
export async function generateKey(algorithm: KeyAlgorithm): Promise<KeyObject> {
  const { privateKey, info } = await GENERATORS[algorithm]();
  rememberKey(privateKey, algorithm, info);
  return privateKey;
}

/** The form of a private key's PEM, by kind of key. */
const PRIVATE_KEY_TYPES: ReadonlyMap<string | undefined, 'pkcs1' | 'sec1' | 'pkcs8'> = new Map([
  ['rsa', 'pkcs1'],
  ['ec', 'sec1'],
  ['ed25519', 'pkcs8'],
]);

/**
 * A private key in PEM as kubeadm writes it: PKCS #1 for RSA, SEC 1 (RFC 5915) without a parameters block for EC, and
 * PKCS #8 (RFC 8410) for Ed25519, which has no older form.
 * @throws PkiError ERR_KEY for keys of another kind
 */
export function formatPrivateKey(key: KeyObject): string {
  const type = PRIVATE_KEY_TYPES.get(key.asymmetricKeyType);
  if (type !== undefined) return key.export({ type, format: 'pem' }).toString();
  throw new PkiError('ERR_KEY', `keys of kind "${key.asymmetricKeyType}" are not supported`);
}

/** A public key in PEM, PKIX; of a private key, that of its public key. */
export function formatPublicKey(key: KeyObject): string {
  return formatPem('PUBLIC KEY', publicKeyInfo(key));
}
