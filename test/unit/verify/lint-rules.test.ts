import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import test from 'ava';
import type { CertificateInfo } from '../../../src/model/x509.ts';
import { lintCertificate } from '../../../src/verify/tree/lint.ts';
import { der, encode, type Asn1 } from '../../../src/x509/build/der.ts';
import { keyIdentifier } from '../../../src/x509/build/extensions.ts';
import { buildName } from '../../../src/x509/build/name.ts';
import { readCertificate } from '../../../src/x509/read/certificate.ts';
import { derElements } from '../../../src/x509/read/der.ts';
import { publicKeyInfo, signData } from '../../../src/x509/read/key.ts';
import { formatPem } from '../../../src/x509/read/pem.ts';

const ec = (namedCurve: string): { readonly privateKey: KeyObject } =>
  generateKeyPairSync('ec', { namedCurve });
const [caKey, leafKey, strangeKey] = [ec('P-256'), ec('P-256'), ec('P-224')];

const ECDSA_SHA256 = '1.2.840.10045.4.3.2';
const [SERVER, CLIENT] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];

/** Bits of KeyUsage in its first octet, as RFC 5280 §4.2.1.3 numbers them. */
const bit = (number: number): number => 0x80 >> number;
const [DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, CERT_SIGN, CRL_SIGN] = [bit(0), bit(2), bit(5), bit(6)];

interface Spec {
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

const LEAF: Spec = {
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

const CA: Spec = {
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

function certificate(spec: Spec): CertificateInfo {
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
  return readCertificate(formatPem('CERTIFICATE', encode(der.sequence(tbs, algorithm, signature))));
}

/** Of any length. */
function buildNameOf(commonName: string): Asn1 {
  const attribute = der.sequence(der.oid('2.5.4.3'), der.utf8String(commonName));
  return der.sequence(der.setOf(attribute));
}

const ca = certificate(CA);
const mapped = [...Array<number>(10).fill(0), 0xff, 0xff, 10, 0, 0, 1];

/** One change each, and the only thing that is then said. */
const RULES: readonly (readonly [change: Partial<Spec>, message: RegExp])[] = [
  [{ serial: [0] }, /^its serial number is zero$/u],
  [{ serial: [0x81, 1] }, /^its serial number is negative$/u],
  [{ serial: Array<number>(21).fill(1) }, /^its serial number has 21 octets/u],
  [{ notAfter: LEAF.notBefore }, /^it ends before it begins$/u],
  [{ notAfter: der.generalizedTime('20271122080000Z') }, /not written as UTCTime$/u],
  [{ notAfter: der.utcTime('361122080001Z') }, /^it outlives its issuer$/u],
  [{ notBefore: der.utcTime('261122075959Z') }, /^it begins before its issuer$/u],
  [{ commonName: 'x'.repeat(65) }, /^its common name is longer than 64/u],
  [{ dns: ['web.example.com.'] }, /^"web\.example\.com\." is not a DNS name/u],
  [{ dns: ['web.*.example.com'] }, /^"web\.\*\.example\.com" is not a DNS name/u],
  [{ ip: [mapped] }, /is an IPv4 address written as IPv6/u],
  [{ sanCritical: true }, /^its subject alternative names are critical/u],
  [{ commonName: null }, /^its subject alternative names are critical/u],
  [{ key: strangeKey.privateKey }, /^its key is of a kind or length/u],
  [{ signature: '1.2.840.10045.4.1' }, /^it is signed over SHA-1 or MD5$/u],
  [{ signature: '1.2.840.113549.1.1.5' }, /^it is signed over SHA-1 or MD5$/u],
  [{ signature: '1.2.840.113549.1.1.4' }, /^it is signed over SHA-1 or MD5$/u],
  [{ signature: '1.3.14.3.2.29' }, /^it is signed over SHA-1 or MD5$/u],
  [{ ski: false }, /^it has no subject key identifier$/u],
  [{ aki: false }, /^it has no authority key identifier$/u],
  [{ ...CA, aki: true, basicConstraints: 'not critical' }, /^basicConstraints of a CA/u],
  [{ ...CA, aki: true, keyUsage: null }, /^a CA without keyUsage$/u],
  [{ ...CA, aki: true, keyUsage: CERT_SIGN }, /^its keyUsage lacks cRLSign/u],
  [{ ...CA, aki: true, keyUsageCritical: false }, /^its keyUsage is not critical$/u],
  [{ dns: [], ip: [] }, /^a server without DNS name and address$/u],
  [{ extendedKeyUsage: [] }, /^no extendedKeyUsage/u],
  [{ keyUsage: null }, /^it has no keyUsage$/u],
  [{ keyUsage: bit(4) }, /^its keyUsage lacks digitalSignature$/u],
  [{ keyUsage: DIGITAL_SIGNATURE | CERT_SIGN }, /has keyCertSign, and it is no CA$/u],
  [{ keyUsage: DIGITAL_SIGNATURE | KEY_ENCIPHERMENT }, /has keyEncipherment, which its key/u],
];

test('lintCertificate: has nothing against the certificates that each rule is tried with', (t) => {
  for (const spec of [LEAF, { ...LEAF, extendedKeyUsage: [CLIENT], dns: [], ip: [] }, CA])
    t.deepEqual(lintCertificate(certificate(spec), ca), []);
  t.deepEqual(
    lintCertificate(certificate({ ...LEAF, commonName: null, sanCritical: true }), ca),
    [],
  );
});

for (const [index, [change, message]] of RULES.entries())
  test(`lintCertificate: rule ${index + 1}: ${String(message)}`, (t) => {
    const found = lintCertificate(certificate({ ...LEAF, ...change }), ca);
    t.is(found.length, 1, found.join('; '));
    t.regex(found[0] ?? '', message);
  });
