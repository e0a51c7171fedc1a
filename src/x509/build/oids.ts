import type { KeyAlgorithm } from '../../model/names.ts';

/** Attribute types of RFC 5280 Appendix A.1, with the order of Go's `pkix.Name.ToRDNSequence`. */
export const ATTRIBUTES = {
  country: '2.5.4.6',
  organizations: '2.5.4.10',
  organizationalUnits: '2.5.4.11',
  commonName: '2.5.4.3',
  serialNumber: '2.5.4.5',
} as const;

/** Extensions of RFC 5280 §4.2 and §5.2. */
export const EXTENSIONS = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  cRLNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

const RSA_SHA256 = '1.2.840.113549.1.1.11';

/** Signature algorithms by the issuer's key (RFC 4055 §5, RFC 5758 §3.2, RFC 8410 §3). */
export const SIGNATURE_ALGORITHMS: Readonly<Record<KeyAlgorithm, string>> = {
  'RSA-2048': RSA_SHA256,
  'RSA-3072': RSA_SHA256,
  'RSA-4096': RSA_SHA256,
  'ECDSA-P256': '1.2.840.10045.4.3.2',
  'ECDSA-P384': '1.2.840.10045.4.3.3',
  Ed25519: '1.3.101.112',
};
