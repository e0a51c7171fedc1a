import { createHash, X509Certificate } from 'node:crypto';
import type { ExecutionContext } from 'ava';
import forge from 'node-forge';
import type { KeyAlgorithm, Profile, Subject } from '../../src/model/names.ts';
import { readCertificate } from '../../src/x509/read/certificate.ts';

type Asn1 = forge.asn1.Asn1;

/** An extension as it stands in a certificate; `value` is the DER inside `extnValue`. */
export interface ParsedExtension {
  readonly critical: boolean;
  readonly value: Buffer;
}

/** The fields that node:crypto does not show. */
export interface ParsedCertificate {
  readonly version: number;
  readonly serialNumber: Buffer;
  /** DER of the AlgorithmIdentifiers inside and outside of the signed part. */
  readonly innerAlgorithm: Buffer;
  readonly outerAlgorithm: Buffer;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly timeTypes: readonly ('UTCTime' | 'GeneralizedTime')[];
  /** Contents of the subjectPublicKey BIT STRING. */
  readonly publicKey: Buffer;
  /** Dotted OIDs, in order. */
  readonly oids: readonly string[];
  readonly extensions: ReadonlyMap<string, ParsedExtension>;
}

/** What a certificate should say; a field that is left out is not looked at. */
export interface ExpectedCertificate {
  readonly profile: Profile;
  readonly subject?: Subject;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly uris?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly serialNumber?: Uint8Array;
  readonly keyAlgorithm?: KeyAlgorithm;
  /** Null for no limit. */
  readonly pathLength?: number | null;
  /** PEM of the issuer's certificate; null for a self-signed one. */
  readonly issuer?: string | null;
}

export const OID = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const USAGES: Readonly<Record<Profile, readonly string[]>> = {
  ca: [],
  server: [SERVER_AUTH],
  client: [CLIENT_AUTH],
  peer: [SERVER_AUTH, CLIENT_AUTH],
};

/** DER of the KeyUsage BIT STRING: digitalSignature, keyCertSign, cRLSign · and keyEncipherment · and nothing else. */
const CA_KEY_USAGE = '03020186';
const RSA_KEY_USAGE = '030205a0';
const OTHER_KEY_USAGE = '03020780';

/** Asserts every X.509 field of a certificate that this product makes, by itself: one assertion a field. */
export function checkCertificate(
  t: ExecutionContext,
  pem: string,
  expected: ExpectedCertificate,
): void {
  const info = readCertificate(pem);
  const parsed = parseCertificate(pem);
  const { extensions } = parsed;
  const isCa = expected.profile === 'ca';
  const hasNames = [info.dnsNames, info.ipAddresses, info.uris].some((names) => names.length > 0);
  const enciphers = info.keyAlgorithm?.startsWith('RSA') === true && expected.profile !== 'client';
  const check = (field: string, actual: unknown, wanted: unknown): void => {
    if (wanted !== undefined) t.deepEqual(actual, wanted, `${expected.profile}: ${field}`);
  };
  const serial = parsed.serialNumber;

  check('pem', pem, info.pem);
  check('version', parsed.version, 2);
  check('serialNumber', serial, expected.serialNumber && Buffer.from(expected.serialNumber));
  t.true(serial.length >= 16 && serial.length <= 20 && (serial[0] ?? 0xff) < 0x80, 'serialNumber');
  check('signature', parsed.innerAlgorithm, parsed.outerAlgorithm);
  check('subject', info.subject, expected.subject);
  check('notBefore', info.notBefore, expected.notBefore);
  check('notAfter', info.notAfter, expected.notAfter);
  check('validity', parsed.timeTypes, [info.notBefore, info.notAfter].map(timeType));
  check('keyAlgorithm', info.keyAlgorithm, expected.keyAlgorithm);

  check('extensions', parsed.oids.length, extensions.size);
  check('basicConstraints', extensions.get(OID.basicConstraints), {
    critical: true,
    value: basicConstraints(isCa, expected.pathLength ?? null),
  });
  check('cA', info.isCa, isCa);
  check('keyUsage', extensions.get(OID.keyUsage), {
    critical: true,
    value: Buffer.from(isCa ? CA_KEY_USAGE : enciphers ? RSA_KEY_USAGE : OTHER_KEY_USAGE, 'hex'),
  });
  check('extendedKeyUsage', info.extendedKeyUsages, USAGES[expected.profile]);
  check(
    'extendedKeyUsage, critical',
    extensions.get(OID.extendedKeyUsage)?.critical ?? null,
    isCa ? null : false,
  );
  check('dNSName', info.dnsNames, expected.dnsNames);
  check('iPAddress', info.ipAddresses, expected.ipAddresses);
  check('uniformResourceIdentifier', info.uris, expected.uris);
  check(
    'subjectAltName, critical',
    extensions.get(OID.subjectAltName)?.critical ?? null,
    hasNames ? Object.keys(info.subject).length === 0 : null,
  );
  const keyIdentifier = createHash('sha256').update(parsed.publicKey).digest().subarray(0, 20);
  check('subjectKeyIdentifier', extensions.get(OID.subjectKeyIdentifier), {
    critical: false,
    value: Buffer.concat([Buffer.from('0414', 'hex'), keyIdentifier]),
  });
  if (expected.issuer !== undefined) checkIssuer(t, pem, expected.issuer);
}

/** Asserts what ties a certificate to its issuer: the name octet by octet, the key identifiers, the signature, the dates. */
function checkIssuer(t: ExecutionContext, pem: string, issuer: string | null): void {
  const child = parseCertificate(pem);
  const parent = parseCertificate(issuer ?? pem);
  t.deepEqual(child.issuer, parent.subject, 'issuer');
  const x509 = new X509Certificate(pem);
  t.true(x509.verify(new X509Certificate(issuer ?? pem).publicKey), 'signatureValue');
  const authority = child.extensions.get(OID.authorityKeyIdentifier);
  if (issuer === null) {
    t.is(authority, undefined, 'authorityKeyIdentifier');
    return;
  }
  // KeyIdentifier is [0] IMPLICIT in the one and an OCTET STRING in the other, with the same octets after the tag
  const identifier = parent.extensions.get(OID.subjectKeyIdentifier)?.value.subarray(1);
  const keyid = Buffer.concat([Buffer.of(0x80), identifier ?? Buffer.alloc(0)]);
  t.deepEqual(
    authority,
    { critical: false, value: Buffer.concat([Buffer.of(0x30, keyid.length), keyid]) },
    'authorityKeyIdentifier',
  );
  const [inner, outer] = [readCertificate(pem), readCertificate(issuer)];
  t.true(inner.notBefore >= outer.notBefore, 'notBefore, of the issuer');
  t.true(inner.notAfter <= outer.notAfter, 'notAfter, of the issuer');
}

/** Takes a certificate apart with node-forge, strictly: trailing data is an error. */
export function parseCertificate(pem: string): ParsedCertificate {
  const { raw } = new X509Certificate(pem);
  const [tbs, outer] = members(forge.asn1.fromDer(raw.toString('latin1')));
  const [version, serial, inner, issuer, validity, subject, key, extensions] = members(tbs);
  const list = members(members(extensions)[0]).map(parseExtension);
  const bits = (members(key)[1] as Asn1 & { readonly bitStringContents: string }).bitStringContents;
  return {
    version: octets(members(version)[0])[0] ?? -1,
    serialNumber: octets(serial),
    innerAlgorithm: encode(inner),
    outerAlgorithm: encode(outer),
    issuer: encode(issuer),
    subject: encode(subject),
    timeTypes: members(validity).map(({ type }) =>
      type === forge.asn1.Type.UTCTIME ? 'UTCTime' : 'GeneralizedTime',
    ),
    publicKey: Buffer.from(bits, 'latin1').subarray(1),
    oids: list.map(([oid]) => oid),
    extensions: new Map(list),
  };
}

function parseExtension(extension: Asn1): [string, ParsedExtension] {
  const parts = members(extension);
  const oid = forge.asn1.derToOid(octets(parts[0]).toString('latin1'));
  return [oid, { critical: parts.length === 3, value: octets(parts.at(-1)) }];
}

function basicConstraints(isCa: boolean, pathLength: number | null): Buffer {
  const limit = pathLength === null ? [] : [0x02, 0x01, pathLength];
  const contents = isCa ? [0x01, 0x01, 0xff, ...limit] : [];
  return Buffer.from([0x30, contents.length, ...contents]);
}

function timeType(time: Date): string {
  return time.getUTCFullYear() < 2050 ? 'UTCTime' : 'GeneralizedTime';
}

function members(value: Asn1 | undefined): Asn1[] {
  if (value === undefined || typeof value.value === 'string')
    throw new TypeError('not constructed');
  return value.value;
}

function octets(value: Asn1 | undefined): Buffer {
  if (typeof value?.value !== 'string') throw new TypeError('not primitive');
  return Buffer.from(value.value, 'latin1');
}

function encode(value: Asn1 | undefined): Buffer {
  if (value === undefined) throw new TypeError('absent');
  return Buffer.from(forge.asn1.toDer(value).getBytes(), 'latin1');
}
