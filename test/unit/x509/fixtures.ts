import type { KeyObject } from 'node:crypto';
import type { KeyAlgorithm } from '../../../src/model/names.ts';
import type { CertificateSpec } from '../../../src/model/x509.ts';
import { buildCertificate } from '../../../src/x509/build/certificate.ts';
import type { Issuer } from '../../../src/x509/build/issuer.ts';
import { generateKey } from '../../../src/x509/build/key.ts';
import { readCertificate } from '../../../src/x509/read/certificate.ts';

export const ALGORITHMS: readonly KeyAlgorithm[] = [
  'RSA-2048',
  'RSA-3072',
  'RSA-4096',
  'ECDSA-P256',
  'ECDSA-P384',
  'Ed25519',
];

const keys = new Map<string, Promise<KeyObject>>();

/** A key made once a process by algorithm and purpose: RSA keys are slow. */
export function sharedKey(algorithm: KeyAlgorithm, purpose: 'ca' | 'leaf'): Promise<KeyObject> {
  const name = `${algorithm} ${purpose}`;
  const key = keys.get(name) ?? generateKey(algorithm);
  keys.set(name, key);
  return key;
}

export const NOT_BEFORE = new Date('2025-01-01T00:00:00Z');
export const NOT_AFTER = new Date('2035-01-01T00:00:00Z');

const common = {
  pathLength: null,
  dnsNames: [],
  ipAddresses: [],
  uris: [],
  notBefore: NOT_BEFORE,
  serialNumber: new Uint8Array(16).fill(0x5a),
};

export function caSpec(change: Partial<CertificateSpec> = {}): CertificateSpec {
  const subject = { commonName: 'kubernetes' };
  return { ...common, profile: 'ca', subject, notAfter: NOT_AFTER, ...change };
}

export function leafSpec(change: Partial<CertificateSpec> = {}): CertificateSpec {
  const subject = { commonName: 'kube-apiserver' };
  const notAfter = new Date('2026-01-01T00:00:00Z');
  return { ...common, profile: 'server', subject, dnsNames: ['kubernetes'], notAfter, ...change };
}

/** A self-signed CA; ECDSA P-256 unless told. */
export async function rootCa(
  algorithm: KeyAlgorithm = 'ECDSA-P256',
  change: Partial<CertificateSpec> = {},
): Promise<Issuer> {
  const privateKey = await sharedKey(algorithm, 'ca');
  return {
    certificate: readCertificate(buildCertificate(caSpec(change), privateKey, null).pem),
    privateKey,
  };
}

/** A leaf under a CA of its own. */
export async function leaf(change: Partial<CertificateSpec> = {}): Promise<string> {
  return buildCertificate(leafSpec(change), await sharedKey('ECDSA-P256', 'leaf'), await rootCa())
    .pem;
}
