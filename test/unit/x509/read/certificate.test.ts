import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import forge from 'node-forge';
import { readCertificate } from '../../../../src/x509/read/certificate.ts';
import { decodeCertificates, formatPem } from '../../../../src/x509/read/pem.ts';
import { leaf } from '../fixtures.ts';
import { goCa, goLeaf, noSki, p521, zoo } from '../foreign.ts';

/** In the form of Go and OpenSSL. */
const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'sec1', format: 'pem' })
  .toString();

test('readCertificate: every field of a certificate by Go', (t) => {
  t.deepEqual(readCertificate(goLeaf), {
    pem: goLeaf,
    subject: { organizations: ['w', 'x:y'], commonName: 'kube-apiserver' },
    issuer: 'CN=kubernetes,O=a_b+O=zeta',
    serialNumber: '7FFFFFFFFFFFFF01',
    notBefore: new Date('2025-01-01T00:00:00Z'),
    notAfter: new Date('2034-06-01T02:03:04Z'),
    isCa: false,
    extendedKeyUsages: ['1.3.6.1.5.5.7.3.1'],
    keyAlgorithm: 'ECDSA-P256',
    spki: '6ce963da2088be1db0ca90a140d6cc076ced6acb43391082eb8cef97d028b7e6',
    dnsNames: ['kubernetes', 'a.b'],
    ipAddresses: ['10.96.0.1', 'fd00::1'],
    uris: [],
  });
});

test('readCertificate: a CA is one, and has no purposes', (t) => {
  const { isCa, extendedKeyUsages, dnsNames } = readCertificate(goCa);
  t.deepEqual(
    { isCa, extendedKeyUsages, dnsNames },
    { isCa: true, extendedKeyUsages: [], dnsNames: ['kubernetes'] },
  );
});

test('readCertificate: what node escapes in names is read as it was', (t) => {
  const info = readCertificate(zoo);
  t.deepEqual(info.subject, {
    country: 'DE',
    organizations: ['a/b', 'q,x', 'Zeta=1+2'],
    organizationalUnits: ['line\\n', ' lead'],
    commonName: 'über, test',
    serialNumber: '12',
  });
  t.is(
    info.issuer,
    String.raw`2.3.4=#0c036f6464,L=Bonn,serialNumber=12+CN=über\, test,OU=\ lead,OU=line\\n,O=a/b+O=q\,x+O=Zeta=1\+2,C=DE`,
  );
  t.deepEqual(info.dnsNames, ['a.b', 'foo, dns:bar', 'quo\\te']);
  t.deepEqual(info.uris, ['spiffe://x/y', 'http://a/?x=1,2']);
  t.deepEqual(info.extendedKeyUsages, ['1.3.6.1.5.5.7.3.1', '1.2.3.4']);
});

test('readCertificate: IPv6 addresses in their shortest text, IPv4-mapped ones as they are', (t) => {
  t.deepEqual(readCertificate(p521).ipAddresses, [
    '::ffff:a00:1',
    '::a00:1',
    'fe80::',
    '1::2:0:0:3',
  ]);
  t.deepEqual(readCertificate(zoo).ipAddresses, ['1.2.3.4', '2001:db8::1', '::ffff:a00:1', '::']);
});

test('readCertificate: of two runs of zeros as long, the first is shortened', async (t) => {
  const ipAddresses = ['2001:db8:0:0:1:0:0:1', '1:0:2:3:4:5:6:7'];
  t.deepEqual(readCertificate(await leaf({ ipAddresses })).ipAddresses, [
    '2001:db8::1:0:0:1',
    '1:0:2:3:4:5:6:7',
  ]);
});

test('readCertificate: a key that this product does not make has no algorithm', (t) => {
  t.is(readCertificate(p521).keyAlgorithm, null);
});

test('readCertificate: other blocks and text beside the certificate are skipped', (t) => {
  t.is(readCertificate(`preamble\n${ecKey}${noSki}`).pem, noSki);
});

const [der = Buffer.alloc(0)] = decodeCertificates(goLeaf);

function edited(from: string, to: string): string {
  const hex = der.toString('hex');
  if (hex.split(from).length !== 2) throw new TypeError(`"${from}" is not there once`);
  return formatPem('CERTIFICATE', Buffer.from(hex.replace(from, to), 'hex'));
}

const refused = test.macro<[string, string]>({
  exec(t, pem, message) {
    t.throws(() => readCertificate(pem), { code: 'ERR_CERTIFICATE', message });
  },
  title: (given) => `readCertificate: refuses ${given ?? ''}`,
});

test('two certificates', refused, goLeaf + goCa, '2 certificates where one is expected');
test('a private key', refused, ecKey, 'no PEM block "CERTIFICATE"');
test(
  'a key in the clothes of a certificate',
  refused,
  ecKey.replaceAll('EC PRIVATE KEY', 'CERTIFICATE'),
  'certificate is not X.509',
);
test(
  'DER that is cut short',
  refused,
  formatPem('CERTIFICATE', der.subarray(0, -9)),
  'certificate is not DER',
);
test(
  'DER with trailing data',
  refused,
  formatPem('CERTIFICATE', Buffer.concat([der, Buffer.of(5, 0)])),
  'certificate has trailing data',
);
test(
  'a month that does not exist',
  refused,
  edited('3334303630313032', '3334313330313032'),
  'validity of a certificate cannot be read',
);
test(
  'an IP address of five octets',
  refused,
  edited('87040a6000018710fd', '87050a600001fd870f'),
  'IP address in a certificate is not 4 or 16 octets',
);
test(
  'an extended key usage that is not one',
  refused,
  edited('0603551d25040c300a', '0603551d25040c310a'),
  'extended key usage of a certificate cannot be read',
);

/** The certificate with another value of an extension, in sound DER; its signature is wrong. */
function withExtension(pem: string, oid: string, value: Buffer): string {
  const [der = Buffer.alloc(0)] = decodeCertificates(pem);
  const root = forge.asn1.fromDer(forge.util.createBuffer(der.toString('binary')));
  const name = forge.asn1.oidToDer(oid).getBytes();
  const visit = ({ value: members }: forge.asn1.Asn1): void => {
    if (!Array.isArray(members)) return;
    if (members[0]?.value === name)
      (members.at(-1) as forge.asn1.Asn1).value = value.toString('binary');
    else members.forEach(visit);
  };
  visit(root);
  return formatPem('CERTIFICATE', Buffer.from(forge.asn1.toDer(root).getBytes(), 'binary'));
}

test('readCertificate: an extension that occurs twice is refused (RFC 5280 §4.2)', (t) => {
  const twice = edited('0603551d0f', '0603551d25');
  t.throws(() => readCertificate(twice), {
    code: 'ERR_CERTIFICATE',
    message: 'certificate is not X.509',
  });
});

for (const [what, purposes] of [
  ['is longer than any', [...Buffer.from([0x06, 0x82, 0x0b, 0xb8]), ...Buffer.alloc(3000, 0x0a)]],
  ['is no OID', [0x02, 0x01, 0x01]],
  ['is empty', [0x06, 0x00]],
] as const)
  test(`readCertificate: a key purpose that ${what} is refused`, async (t) => {
    const body = Buffer.from(purposes);
    const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
    const list = Buffer.concat([Buffer.from([0x30, ...length]), body]);
    const pem = withExtension(await leaf(), '2.5.29.37', list);
    t.throws(() => readCertificate(pem), {
      code: 'ERR_CERTIFICATE',
      message: 'extended key usage of a certificate cannot be read',
    });
  });
