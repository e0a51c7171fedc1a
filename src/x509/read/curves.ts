import type { KeyAlgorithm } from '../../model/names.ts';

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
export function curveOfInfo(info: Buffer): Curve | undefined {
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
