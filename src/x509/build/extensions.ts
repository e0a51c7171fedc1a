import { hash } from 'node:crypto';
import type { Profile } from '../../model/names.ts';
import { EXTENDED_KEY_USAGES, type CertificateSpec } from '../../model/x509.ts';
import { PkiError } from '../../errors.ts';
import { derContents } from '../../x509/read/der.ts';
import { buildAlternativeNames } from './alternative-names.ts';
import { type Asn1, der, encode } from './der.ts';
import { isEmptyName } from './name.ts';
import { EXTENSIONS } from './oids.ts';

/** Named bits of KeyUsage (RFC 5280 §4.2.1.3), in the one octet that they are all in. */
const DIGITAL_SIGNATURE = 0x80;
const KEY_ENCIPHERMENT = 0x20;
const KEY_CERT_SIGN = 0x04;
const CRL_SIGN = 0x02;

const KEY_IDENTIFIER_OCTETS = 20;

export interface ExtensionInput {
  readonly spec: CertificateSpec;
  /** DER of the subject's SubjectPublicKeyInfo. */
  readonly spki: Buffer;
  readonly isRsa: boolean;
  /** Of the issuer; null for a self-signed certificate. */
  readonly authorityKeyIdentifier: Buffer | null;
}

/**
 * The extensions of a certificate, each once, with the criticality that RFC 5280 §4.2.1 asks for.
 * @throws PkiError ERR_ISSUE
 */
export function buildExtensions({
  spec,
  spki,
  isRsa,
  authorityKeyIdentifier,
}: ExtensionInput): Asn1 {
  const usages = EXTENDED_KEY_USAGES[spec.profile];
  const names = buildAlternativeNames(spec);
  const isEmpty = isEmptyName(spec.subject);
  if (names === undefined && (spec.profile === 'server' || spec.profile === 'peer')) {
    throw new PkiError(
      'ERR_ISSUE',
      `profile "${spec.profile}" needs at least one IP address or DNS name`,
    );
  }
  // §4.1.2.6: a CA has a name; so has everything that has no alternative one
  if (isEmpty && (names === undefined || spec.profile === 'ca')) {
    throw new PkiError('ERR_ISSUE', 'subject is empty');
  }
  return der.sequence(
    extension('keyUsage', true, keyUsage(spec.profile, isRsa)),
    usages.length === 0
      ? undefined
      : extension('extendedKeyUsage', false, der.sequence(...usages.map(der.oid))),
    extension('basicConstraints', true, basicConstraints(spec)),
    extension('subjectKeyIdentifier', false, der.octetString(keyIdentifier(spki))),
    authorityKeyIdentifier === null
      ? undefined // §4.2.1.1 lets a self-signed certificate go without; Go and kubeadm do
      : extension(
          'authorityKeyIdentifier',
          false,
          der.sequence(der.implicit(0, authorityKeyIdentifier)),
        ),
    // §4.2.1.6: critical exactly where it is all there is to identify the subject
    names === undefined ? undefined : extension('subjectAltName', isEmpty, names),
  );
}

/**
 * A key identifier: the first 160 bits of the SHA-256 over the BIT STRING's contents (RFC 7093 §2 method 1), as Go has
 * derived it since 1.25.
 */
export function keyIdentifier(spki: Buffer): Buffer {
  const key = derContents(spki)[1]?.contents.subarray(1) ?? spki;
  return hash('sha256', key, 'buffer').subarray(0, KEY_IDENTIFIER_OCTETS);
}

/** One Extension; of CRLs and their entries as well. */
export function extension(name: keyof typeof EXTENSIONS, critical: boolean, value: Asn1): Asn1 {
  // DER leaves out `critical` where it is the default, FALSE
  return der.sequence(
    der.oid(EXTENSIONS[name]),
    critical ? der.true() : undefined,
    der.octetString(encode(value)),
  );
}

/**
 * Only an RSA key can encipher another key, and only a server's is asked to: beside clientAuth alone the bit is
 * inconsistent (RFC 5280 §4.2.1.12). kubeadm sets it on all.
 */
function keyUsage(profile: Profile, isRsa: boolean): Asn1 {
  const bits =
    profile === 'ca'
      ? DIGITAL_SIGNATURE | KEY_CERT_SIGN | CRL_SIGN
      : DIGITAL_SIGNATURE | (isRsa && profile !== 'client' ? KEY_ENCIPHERMENT : 0);
  // X.690 §11.2.2: no zero bits at the end
  const unusedBits = 31 - Math.clz32(bits & -bits);
  return der.bitString(Uint8Array.of(bits), unusedBits);
}

function basicConstraints({ profile, pathLength }: CertificateSpec): Asn1 {
  if (profile !== 'ca' && pathLength !== null) {
    throw new PkiError('ERR_ISSUE', `profile "${profile}" has no path length`);
  }
  if (pathLength !== null && !(Number.isInteger(pathLength) && pathLength >= 0)) {
    throw new PkiError('ERR_ISSUE', `path length ${pathLength} is not zero or a positive integer`);
  }
  return der.sequence(
    profile === 'ca' ? der.true() : undefined,
    pathLength === null ? undefined : der.integer(pathLength),
  );
}
