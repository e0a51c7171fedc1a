import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { der, encode, type Asn1 } from '../../src/x509/build/der.ts';
import { keyIdentifier } from '../../src/x509/build/extensions.ts';
import { buildName } from '../../src/x509/build/name.ts';
import { derElements } from '../../src/x509/read/der.ts';
import { publicKeyInfo, signData } from '../../src/x509/read/key.ts';
import { formatPem } from '../../src/x509/read/pem.ts';

const ec = (namedCurve: string): { readonly privateKey: KeyObject } =>
  generateKeyPairSync('ec', { namedCurve });
const [caKey, leafKey, strangeKey] = [ec('P-256'), ec('P-256'), ec('P-224')];

const ECDSA_SHA256 = '1.2.840.10045.4.3.2';
const SERVER = '1.3.6.1.5.5.7.3.1';

/** Bits of KeyUsage in its first octet, as RFC 5280 §4.2.1.3 numbers them. */
const bit = (number: number): number => 0x80 >> number;
const [DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, CERT_SIGN, CRL_SIGN] = [bit(0), bit(2), bit(5), bit(6)];

/** A certificate, whether it is sound or not. */
export interface Spec {
  readonly serial: readonly number[];
  readonly notBefore: Asn1;
  readonly notAfter: Asn1;
  readonly commonName: string | null;
  readonly key: KeyObject;
  readonly signature: string;
  readonly basicConstraints: 'critical' | 'not critical' | null;
  readonly keyUsage: number | null;
  readonly keyUsageCritical: boolean;
  readonly extendedKeyUsage: readonly string[];
  readonly dns: readonly string[];
  readonly ip: readonly (readonly number[])[];
  readonly sanCritical: boolean;
  readonly ski: boolean;
  readonly aki: boolean;
}

export const LEAF: Spec = {
  serial: [0x51, ...Array<number>(15).fill(7)],
  notBefore: der.utcTime('261122080000Z'),
  notAfter: der.utcTime('271122080000Z'),
  commonName: 'web',
  key: leafKey.privateKey,
  signature: ECDSA_SHA256,
  basicConstraints: null,
  keyUsage: DIGITAL_SIGNATURE,
  keyUsageCritical: true,
  extendedKeyUsage: [SERVER],
  dns: ['web.example.com', '*.example.com'],
  ip: [[10, 0, 0, 1]],
  sanCritical: false,
  ski: true,
  aki: true,
};

export const CA: Spec = {
  ...LEAF,
  notBefore: der.utcTime('261122080000Z'),
  notAfter: der.utcTime('361122080000Z'),
  commonName: 'ca',
  key: caKey.privateKey,
  basicConstraints: 'critical',
  keyUsage: CERT_SIGN | CRL_SIGN,
  extendedKeyUsage: [],
  dns: [],
  ip: [],
  aki: false,
};

function extension(oid: string, critical: boolean, value: Asn1): Asn1 {
  return der.sequence(
    der.oid(oid),
    critical ? der.true() : undefined,
    der.octetString(encode(value)),
  );
}

function extensionsOf(spec: Spec, spki: Buffer): Asn1 {
  const list: Asn1[] = [];
  const { basicConstraints, keyUsage, extendedKeyUsage, dns, ip } = spec;
  if (basicConstraints !== null)
    list.push(extension('2.5.29.19', basicConstraints === 'critical', der.sequence(der.true())));
  if (keyUsage !== null) {
    const unused = 31 - Math.clz32(keyUsage & -keyUsage);
    const bits = der.bitString(Buffer.from([keyUsage]), unused);
    list.push(extension('2.5.29.15', spec.keyUsageCritical, bits));
  }
  if (extendedKeyUsage.length > 0)
    list.push(extension('2.5.29.37', false, der.sequence(...extendedKeyUsage.map(der.oid))));
  const names = [
    ...dns.map((name) => der.implicit(2, Buffer.from(name))),
    ...ip.map((octets) => der.implicit(7, Buffer.from(octets))),
  ];
  if (names.length > 0) list.push(extension('2.5.29.17', spec.sanCritical, der.sequence(...names)));
  if (spec.ski) list.push(extension('2.5.29.14', false, der.octetString(keyIdentifier(spki))));
  const issuer = keyIdentifier(publicKeyInfo(caKey.privateKey));
  if (spec.aki) list.push(extension('2.5.29.35', false, der.sequence(der.implicit(0, issuer))));
  return der.sequence(...list);
}

/** Signed by the key of `CA`; what its signature algorithm says may be a lie. */
export function certificatePem(spec: Spec): string {
  const spki = publicKeyInfo(spec.key);
  const algorithm = der.sequence(der.oid(spec.signature));
  const tbs = der.sequence(
    der.explicit(0, der.integer(2)),
    der.bigInteger(Buffer.from(spec.serial)),
    algorithm,
    buildName({ commonName: 'ca' }),
    der.sequence(spec.notBefore, spec.notAfter),
    spec.commonName === null ? der.sequence() : buildNameOf(spec.commonName),
    der.rawSequence(derElements(spki)[0]?.contents ?? spki),
    der.explicit(3, extensionsOf(spec, spki)),
  );
  const signature = der.bitString(signData(caKey.privateKey, encode(tbs)));
  return formatPem('CERTIFICATE', encode(der.sequence(tbs, algorithm, signature)));
}

/** Of any length. */
function buildNameOf(commonName: string): Asn1 {
  const attribute = der.sequence(der.oid('2.5.4.3'), der.utf8String(commonName));
  return der.sequence(der.setOf(attribute));
}

const mapped = [...Array<number>(10).fill(0), 0xff, 0xff, 10, 0, 0, 1];

/** One change each, the only thing that `verify` then says, and who else knows the rule: null where nobody does. */
export const BROKEN: readonly (readonly [
  change: Partial<Spec>,
  message: RegExp,
  judge: readonly [program: 'zlint' | 'openssl', says: string] | null,
])[] = [
  [{ serial: [0] }, /^its serial number is zero$/u, ['zlint', 'e_serial_number_not_positive']],
  [
    { serial: [0x81, 1] },
    /^its serial number is negative$/u,
    ['zlint', 'e_serial_number_not_positive'],
  ],
  [
    { serial: Array<number>(21).fill(1) },
    /^its serial number has 21 octets/u,
    ['zlint', 'e_serial_number_longer_than_20_octets'],
  ],
  [{ notAfter: LEAF.notBefore }, /^it ends before it begins$/u, null],
  [
    { notAfter: der.generalizedTime('20271122080000Z') },
    /not written as UTCTime$/u,
    ['zlint', 'e_wrong_time_format_pre2050'],
  ],
  [{ notAfter: der.utcTime('361122080001Z') }, /^it outlives its issuer$/u, null],
  [{ notBefore: der.utcTime('261122075959Z') }, /^it begins before its issuer$/u, null],
  [
    { commonName: 'x'.repeat(65) },
    /^its common name is longer than 64/u,
    ['zlint', 'e_subject_common_name_max_length'],
  ],
  [
    { dns: ['web.example.com.'] },
    /^"web\.example\.com\." is not a DNS name/u,
    ['zlint', 'e_rfc_dnsname_empty_label'],
  ],
  [
    { dns: ['web.*.example.com'] },
    /^"web\.\*\.example\.com" is not a DNS name/u,
    ['zlint', 'e_san_wildcard_not_first'],
  ],
  [{ ip: [mapped] }, /is an IPv4 address written as IPv6/u, null],
  [
    { sanCritical: true },
    /^its subject alternative names are critical/u,
    ['zlint', 'w_ext_san_critical_with_subject_dn'],
  ],
  [
    { commonName: null },
    /^its subject alternative names are critical/u,
    ['zlint', 'e_ext_san_not_critical_without_subject'],
  ],
  [
    { key: strangeKey.privateKey },
    /^its key is of a kind or length/u,
    ['zlint', 'e_ec_improper_curves'],
  ],
  [
    { signature: '1.2.840.10045.4.1' },
    /^it is signed over SHA-1 or MD5$/u,
    ['zlint', 'e_sub_cert_or_sub_ca_using_sha1'],
  ],
  [
    { signature: '1.2.840.113549.1.1.5' },
    /^it is signed over SHA-1 or MD5$/u,
    ['zlint', 'e_sub_cert_or_sub_ca_using_sha1'],
  ],
  [
    { signature: '1.2.840.113549.1.1.4' },
    /^it is signed over SHA-1 or MD5$/u,
    ['zlint', 'e_signature_algorithm_not_supported'],
  ],
  [
    { signature: '1.3.14.3.2.29' },
    /^it is signed over SHA-1 or MD5$/u,
    ['zlint', 'e_sub_cert_or_sub_ca_using_sha1'],
  ],
  [
    { ski: false },
    /^it has no subject key identifier$/u,
    ['zlint', 'w_ext_subject_key_identifier_missing_sub_cert'],
  ],
  [
    { aki: false },
    /^it has no authority key identifier$/u,
    ['openssl', 'Missing Authority Key Identifier'],
  ],
  [
    { ...CA, aki: true, basicConstraints: 'not critical' },
    /^basicConstraints of a CA/u,
    ['zlint', 'e_basic_constraints_not_critical'],
  ],
  [
    { ...CA, aki: true, keyUsage: null },
    /^a CA without keyUsage$/u,
    ['zlint', 'e_ca_key_usage_missing'],
  ],
  [
    { ...CA, aki: true, keyUsage: CERT_SIGN },
    /^its keyUsage lacks cRLSign/u,
    ['zlint', 'e_ca_crl_sign_not_set'],
  ],
  [
    { ...CA, aki: true, keyUsageCritical: false },
    /^its keyUsage is not critical$/u,
    ['zlint', 'e_ca_key_usage_not_critical'],
  ],
  [{ dns: [], ip: [] }, /^a server without DNS name and address$/u, ['zlint', 'e_ext_san_missing']],
  [{ extendedKeyUsage: [] }, /^no extendedKeyUsage/u, ['zlint', 'e_sub_cert_eku_missing']],
  [{ keyUsage: null }, /^it has no keyUsage$/u, null],
  [{ keyUsage: bit(4) }, /^its keyUsage lacks digitalSignature$/u, null],
  [
    { keyUsage: DIGITAL_SIGNATURE | CERT_SIGN },
    /has keyCertSign, and it is no CA$/u,
    ['zlint', 'e_ext_key_usage_cert_sign_without_ca'],
  ],
  [
    { keyUsage: DIGITAL_SIGNATURE | KEY_ENCIPHERMENT },
    /has keyEncipherment, which its key/u,
    ['zlint', 'e_ecdsa_allowed_ku'],
  ],
];
