import {
  createECDH,
  createPrivateKey,
  generateKeyPair,
  type ECDH,
  type KeyObject,
} from 'node:crypto';
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

/** A private key that signs nothing here. */
export interface LeafKey {
  /** DER of the SubjectPublicKeyInfo (RFC 5280 §4.1.2.7). */
  readonly info: Buffer;
  /** PEM, as `formatPrivateKey` writes it. */
  readonly privateKey: string;
}

/** Octets of an ECPrivateKey (RFC 5915 §3) before the scalar, and between it and the point: curve and public key are both there. */
const EC_PRIVATE_KEY: ReadonlyMap<KeyAlgorithm, readonly [curve: Curve, string, string]> = new Map([
  ['ECDSA-P256', [P256, '30770201010420', 'a00a06082a8648ce3d030107a14403420004']],
  ['ECDSA-P384', [P384, '3081a40201010430', 'a00706052b81040022a16403620004']],
]);

/** One for each curve, which takes longer to set up than to make a key of; it forgets a key with the next. */
const generators = new Map<Curve, ECDH>();

/** The numbers of a new key. The scalar is for the caller to wipe. */
function ecNumbers(curve: Curve): { readonly scalar: Buffer; readonly point: Buffer } {
  const ecdh = generators.get(curve) ?? createECDH(curve.name);
  generators.set(curve, ecdh);
  const point = ecdh.generateKeys().subarray(1); // after the octet that says uncompressed
  const short = ecdh.getPrivateKey(); // without leading zeros
  const scalar = Buffer.concat([Buffer.alloc(curve.size - short.length), short]);
  short.fill(0);
  return { scalar, point };
}

/** In half of the time of a key pair and the export of its public key, which OpenSSL 3 has slow encoders for. */
function generateEc(curve: Curve): GeneratedKey {
  const { scalar, point } = ecNumbers(curve);
  const key = { ...publicJwk(curve, point), d: scalar.toString('base64url') };
  scalar.fill(0);
  return {
    privateKey: createPrivateKey({ key, format: 'jwk' }),
    info: Buffer.concat([curve.infoStart, point]),
  };
}

/**
 * A new private key for a leaf. One on a curve is put together from its numbers: to load it, which checks it, and to have it written
 * takes OpenSSL twice to five times as long as to make it.
 */
export async function generateLeafKey(algorithm: KeyAlgorithm): Promise<LeafKey> {
  const form = EC_PRIVATE_KEY.get(algorithm);
  if (form === undefined) {
    const key = await generateKey(algorithm);
    return { info: publicKeyInfo(key), privateKey: formatPrivateKey(key) };
  }
  const [curve, start, middle] = form;
  const { scalar, point } = ecNumbers(curve);
  const der = Buffer.concat([Buffer.from(start, 'hex'), scalar, Buffer.from(middle, 'hex'), point]);
  const privateKey = formatPem('EC PRIVATE KEY', der);
  for (const octets of [scalar, der]) octets.fill(0);
  return { info: Buffer.concat([curve.infoStart, point]), privateKey };
}

/** A new private key, to sign with. RSA takes a quarter of a second of a core or more: start many, then await. */
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
