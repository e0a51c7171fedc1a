import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import type { KeyAlgorithm } from '../../model/names.ts';
import { PkiError } from '../../errors.ts';
import { derContents } from './der.ts';
import { decodeBlocks } from './pem.ts';

const PRIVATE_KEY = /^-----BEGIN (?:(?:RSA|EC) )?PRIVATE KEY-----[ \t]*\r?$/mu;
const PUBLIC_KEY = /^-----BEGIN (?:RSA )?PUBLIC KEY-----[ \t]*\r?$/mu;
const PKIX = /^-----BEGIN PUBLIC KEY-----[ \t]*\r?$/mu;
const ENCRYPTED = /^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/mu;

/** The algorithms by OpenSSL's names of their parameters: modulus length or curve. */
const ALGORITHMS: ReadonlyMap<string, KeyAlgorithm> = new Map([
  ['rsa 2048', 'RSA-2048'],
  ['rsa 3072', 'RSA-3072'],
  ['rsa 4096', 'RSA-4096'],
  ['ec prime256v1', 'ECDSA-P256'],
  ['ec secp384r1', 'ECDSA-P384'],
  ['ed25519 ', 'Ed25519'],
]);

/** The algorithms by AlgorithmIdentifier, in hexadecimal (RFC 5480 §2.1.1, RFC 8410 §3); RSA keys have a length besides. */
const IDENTIFIERS: ReadonlyMap<string, KeyAlgorithm> = new Map([
  ['301306072a8648ce3d020106082a8648ce3d030107', 'ECDSA-P256'],
  ['301006072a8648ce3d020106052b81040022', 'ECDSA-P384'],
  ['300506032b6570', 'Ed25519'],
]);
const RSA_ENCRYPTION = '300d06092a864886f70d0101010500';

/** Digest of a signature by key algorithm: as strong as the curve (RFC 5758 §3.2); Ed25519 brings its own (RFC 8032). */
const DIGESTS: Readonly<Record<KeyAlgorithm, string | null>> = {
  'RSA-2048': 'sha256',
  'RSA-3072': 'sha256',
  'RSA-4096': 'sha256',
  'ECDSA-P256': 'sha256',
  'ECDSA-P384': 'sha384',
  Ed25519: null,
};

/** An algorithm whose public keys are of one length: coordinates of a point behind octets that are always the same. */
export interface Curve {
  readonly algorithm: KeyAlgorithm;
  /** OpenSSL's name. */
  readonly name: string;
  /** Of a JSON Web Key: RFC 7518 §6.2.1.1, RFC 8037 §2. */
  readonly kty: 'EC' | 'OKP';
  readonly crv: string;
  /** Octets of a coordinate. */
  readonly size: number;
  /** A SubjectPublicKeyInfo up to the coordinates: of an uncompressed point (RFC 5480 §2), or RFC 8410 §4. */
  readonly infoStart: Buffer;
}

export const P256: Curve = {
  algorithm: 'ECDSA-P256',
  name: 'prime256v1',
  kty: 'EC',
  crv: 'P-256',
  size: 32,
  infoStart: Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex'),
};
export const P384: Curve = {
  algorithm: 'ECDSA-P384',
  name: 'secp384r1',
  kty: 'EC',
  crv: 'P-384',
  size: 48,
  infoStart: Buffer.from('3076301006072a8648ce3d020106052b8104002203620004', 'hex'),
};
const ED25519: Curve = {
  algorithm: 'Ed25519',
  name: 'ed25519',
  kty: 'OKP',
  crv: 'Ed25519',
  size: 32,
  infoStart: Buffer.from('302a300506032b6570032100', 'hex'),
};

const CURVES: readonly Curve[] = [P256, P384, ED25519];

/** The curve that a SubjectPublicKeyInfo is of; undefined for RSA, and for points in another form. */
function curveOfInfo(info: Buffer): Curve | undefined {
  return CURVES.find(({ infoStart, kty, size }) => {
    const octets = infoStart.length + size * (kty === 'EC' ? 2 : 1);
    return info.length === octets && info.subarray(0, infoStart.length).equals(infoStart);
  });
}

/** The public part of a JSON Web Key, from the coordinates. */
export function publicJwk({ kty, crv, size }: Curve, coordinates: Buffer): Record<string, string> {
  const x = coordinates.subarray(0, size).toString('base64url');
  return kty === 'OKP'
    ? { kty, crv, x }
    : { kty, crv, x, y: coordinates.subarray(size).toString('base64url') };
}

/**
 * Reads a private key: PKCS #1, SEC 1 or PKCS #8.
 * @throws PkiError ERR_KEY, which never holds anything of the key
 */
export function readPrivateKey(pem: string): KeyObject {
  if (ENCRYPTED.test(pem)) {
    throw new PkiError('ERR_KEY', 'private key is encrypted with a passphrase', {
      hint: 'remove the passphrase: openssl pkey -in KEY -out KEY.plain',
    });
  }
  if (!PRIVATE_KEY.test(pem)) throw new PkiError('ERR_KEY', 'no PEM block with a private key');
  return parse(() => createPrivateKey({ key: pem, format: 'pem' }), 'private');
}

/**
 * Reads a public key: PKIX, or PKCS #1. A private key or a certificate, which node would take as well, is refused.
 * @throws PkiError ERR_KEY, which never holds anything of the key
 */
export function readPublicKey(pem: string): KeyObject {
  const known = parsed.get(pem);
  if (known !== undefined) return known;
  if (!PUBLIC_KEY.test(pem)) throw new PkiError('ERR_KEY', 'no PEM block with a public key');
  const key = parse(() => importPublicKey(pem), 'public');
  if (parsed.size >= MOST_PARSED) parsed.clear();
  parsed.set(pem, key);
  return key;
}

/** From the coordinates where they are at hand: OpenSSL's decoders, which threads wait for, take several times as long. */
function importPublicKey(pem: string): KeyObject {
  const [info] = PKIX.test(pem) ? decodeBlocks(pem, 'PUBLIC KEY') : [];
  const curve = info === undefined ? undefined : curveOfInfo(info);
  if (info === undefined || curve === undefined)
    return createPublicKey({ key: pem, format: 'pem' });
  const coordinates = info.subarray(curve.infoStart.length);
  const key = createPublicKey({ key: publicJwk(curve, coordinates), format: 'jwk' });
  rememberKey(key, curve.algorithm, info);
  return key;
}

/** Parsing takes OpenSSL longer than verifying, and the key of a keyset is asked for by one check after the other. */
const parsed = new Map<string, KeyObject>();
const MOST_PARSED = 16;

/** The algorithm of a public or private key; null where this product makes no such keys. */
export function keyAlgorithmOf(key: KeyObject): KeyAlgorithm | null {
  let algorithm = algorithms.get(key);
  if (algorithm === undefined) {
    const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
    const name = `${key.asymmetricKeyType} ${modulusLength ?? namedCurve ?? ''}`;
    algorithm = ALGORITHMS.get(name) ?? null;
    algorithms.set(key, algorithm);
  }
  return algorithm;
}

const algorithms = new WeakMap<KeyObject, KeyAlgorithm | null>();

/** The algorithm that a SubjectPublicKeyInfo names, of which the key itself is not loaded; null as above. */
export function algorithmOfInfo(subjectPublicKeyInfo: Buffer): KeyAlgorithm | null {
  const [identifier, key] = derContents(subjectPublicKeyInfo);
  const name = identifier?.der.toString('hex') ?? '';
  if (name !== RSA_ENCRYPTION) return IDENTIFIERS.get(name) ?? null;
  // after the octet that counts unused bits
  const [modulus] = derContents(key?.contents.subarray(1) ?? Buffer.alloc(0));
  const octets = modulus?.contents ?? Buffer.alloc(0);
  const first = octets.findIndex((octet) => octet !== 0);
  const bits = 8 * (octets.length - first) - Math.clz32(octets[first] ?? 0) + 24;
  return ALGORITHMS.get(`rsa ${bits}`) ?? null;
}

/**
 * Exporting a key takes OpenSSL as long as three signatures, and a CA's key is asked for with every leaf. Keys are
 * immutable, so what was exported once holds.
 */
const exported = new WeakMap<KeyObject, Buffer>();

/**
 * What is known of a key that was just made. Node 20 must not be asked: it holds the key's lock while it makes the answer, and where it
 * just then collects the job that generated the key, that waits for the same lock for ever.
 *
 * @param info SubjectPublicKeyInfo, where it is at hand.
 */
export function rememberKey(key: KeyObject, algorithm: KeyAlgorithm, info?: Buffer): void {
  algorithms.set(key, algorithm);
  if (info !== undefined) exported.set(key, info);
}

/** DER of the SubjectPublicKeyInfo (RFC 5280 §4.1.2.7); of a private key, that of its public key. */
export function publicKeyInfo(key: KeyObject): Buffer {
  let der = exported.get(key);
  if (der === undefined) {
    const publicKey = key.type === 'private' ? createPublicKey(key) : key;
    der = publicKey.export({ type: 'spki', format: 'der' });
    exported.set(key, der);
  }
  return der;
}

/** SHA-256 over `publicKeyInfo`, lower-case hexadecimal. */
export function spkiHash(key: KeyObject): string {
  return hash('sha256', publicKeyInfo(key));
}

/**
 * Signs `data`: RSA PKCS #1 v1.5 and ECDSA (DER) with the digest that fits the key, or Ed25519.
 * @throws PkiError ERR_KEY where the key is of a kind that this product does not make
 */
export function signData(privateKey: KeyObject, data: Uint8Array): Buffer {
  return sign(digestOf(privateKey), data, privateKey);
}

/** Whether `signature` is one that `signData` made; false for keys that it does not sign with. */
export function verifySignature(
  publicKey: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (keyAlgorithmOf(publicKey) === null) return false;
  return verify(digestOf(publicKey), data, publicKey, signature);
}

function digestOf(key: KeyObject): string | null {
  const algorithm = keyAlgorithmOf(key);
  if (algorithm !== null) return DIGESTS[algorithm];
  throw new PkiError('ERR_KEY', `keys of kind "${key.asymmetricKeyType}" do not sign`);
}

/** The cause is left out: what a parser says of a private key is not for a log. */
function parse(read: () => KeyObject, kind: 'private' | 'public'): KeyObject {
  try {
    return read();
  } catch {
    throw new PkiError('ERR_KEY', `${kind} key cannot be read`);
  }
}
