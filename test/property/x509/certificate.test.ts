import { X509Certificate } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import type { Profile } from '../../../src/model/names.ts';
import type { CertificateSpec } from '../../../src/model/x509.ts';
import { PkiError } from '../../../src/errors.ts';
import { buildCertificate } from '../../../src/x509/build/certificate.ts';
import { serialNumber } from '../../../src/x509/build/serial.ts';
import { readCertificate } from '../../../src/x509/read/certificate.ts';
import { isIssuedBy } from '../../../src/x509/read/issued.ts';
import { keyAlgorithmOf, spkiHash } from '../../../src/x509/read/key.ts';
import { decodeCertificates, formatPem } from '../../../src/x509/read/pem.ts';
import { checkCertificate } from '../../_helpers/check-certificate.ts';
import { ALGORITHMS, rootCa, sharedKey } from '../../unit/x509/fixtures.ts';
import { goCa, goLeaf, noSki, odd, p521, zoo } from '../../unit/x509/foreign.ts';

const numRuns = process.env['SLOW'] === '1' ? 2000 : 60;

/** Text of an attribute: anything but control characters, with those that node's text escapes more often. */
const value = fc
  .array(
    fc.oneof(
      fc.constantFrom(...Array.from(' ,+"\\<>;#=/&*@_é😀')),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    {
      minLength: 1,
      maxLength: 64,
    },
  )
  .map((units) => units.join(''))
  .filter((text) => Array.from(text).length <= 64 && !/[\p{Cc}\p{Cs}]/u.test(text));
const values = fc.uniqueArray(value, { minLength: 1, maxLength: 4 });
const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,12}[a-z0-9])?$/u);
const dnsName = fc
  .tuple(
    fc.boolean(),
    fc.array(label, { minLength: 1, maxLength: 4 }),
    fc.stringMatching(/^[a-z]{2,5}$/u),
  )
  .map(([wildcard, labels, last]) => [...(wildcard ? ['*'] : []), ...labels, last].join('.'));
/** The WHATWG serialization of an IPv6 address is RFC 5952's; IPv4-mapped ones do not survive, by rule. */
const ipAddress = fc
  .oneof(
    fc.ipV4(),
    fc.ipV6().map((text) => new URL(`http://[${text}]`).hostname.slice(1, -1)),
  )
  .filter((text) => !text.startsWith('::ffff:'));
const uri = fc.stringMatching(/^[a-z]{2,6}:[!-~]{1,30}$/u);
const second = (from: string, to: string): fc.Arbitrary<Date> =>
  fc
    .integer({ min: Date.parse(from) / 1000, max: Date.parse(to) / 1000 })
    .map((time) => new Date(time * 1000));

const subject = fc.record(
  {
    country: fc.stringMatching(/^[A-Z]{2}$/u),
    organizations: values,
    organizationalUnits: values,
    serialNumber: fc.stringMatching(/^[A-Za-z0-9 '()+,./:=?-]{1,20}$/u),
  },
  { requiredKeys: [] },
);

const spec: fc.Arbitrary<CertificateSpec> = fc
  .record({
    profile: fc.constantFrom<Profile>('ca', 'server', 'client', 'peer'),
    subject: fc.tuple(subject, value).map(([rest, commonName]) => ({ ...rest, commonName })),
    limit: fc.option(fc.integer({ min: 0, max: 100 })),
    dnsNames: fc.uniqueArray(dnsName, { minLength: 1, maxLength: 5 }),
    ipAddresses: fc.uniqueArray(ipAddress, { maxLength: 5 }),
    uris: fc.uniqueArray(uri, { maxLength: 3 }),
    notBefore: second('2025-01-01T00:00:00Z', '2045-01-01T00:00:00Z'),
    notAfter: second('2045-01-01T00:00:01Z', '2090-01-01T00:00:00Z'),
    serialNumber: fc
      .uint8Array({ minLength: 16, maxLength: 16 })
      .map((octets) => serialNumber(() => octets)),
  })
  .map(({ limit, ...fields }) => ({
    ...fields,
    pathLength: fields.profile === 'ca' ? limit : null,
  }));

const sorted = (list: readonly string[] | undefined): readonly string[] => [...(list ?? [])].sort();

/** Serial number, times, CA, and the key: by node's own reading. */
function agrees(t: ExecutionContext, pem: string): void {
  const info = readCertificate(pem);
  const x509 = new X509Certificate(pem);
  // OpenSSL writes a negative one by its absolute value
  if (!x509.serialNumber.startsWith('-')) t.is(info.serialNumber, x509.serialNumber);
  t.is(info.notBefore.getTime(), Date.parse(x509.validFrom));
  t.is(info.notAfter.getTime(), Date.parse(x509.validTo));
  t.is(info.isCa, x509.ca);
  const key = accepted(() => x509.publicKey);
  if (key !== undefined) t.is(info.keyAlgorithm, keyAlgorithmOf(key));
}

function isIssuedByOpenSsl(pem: string, issuer: string): boolean {
  const [subject, authority] = [new X509Certificate(pem), new X509Certificate(issuer)];
  return subject.checkIssued(authority) && subject.verify(authority.publicKey);
}

function accepted<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

for (const algorithm of ALGORITHMS) {
  test(`read(build(spec)) is spec: ${algorithm} key and issuer`, async (t) => {
    const ca = await rootCa(algorithm, { notAfter: new Date('2090-01-01T00:00:00Z') });
    const key = await sharedKey(algorithm, 'leaf');
    fc.assert(
      fc.property(spec, (wanted) => {
        const pem = buildCertificate(wanted, key, ca).pem;
        const info = readCertificate(pem);
        const { organizations, organizationalUnits, ...single } = wanted.subject;
        const { organizations: os, organizationalUnits: ous, ...readSingle } = info.subject;
        // the values of one attribute are a set: DER sorts them
        t.deepEqual(sorted(os), sorted(organizations));
        t.deepEqual(sorted(ous), sorted(organizationalUnits));
        checkCertificate(t, pem, {
          ...wanted,
          subject: info.subject,
          keyAlgorithm: algorithm,
          issuer: ca.certificate.pem,
        });
        t.deepEqual(readSingle, single);
        t.is(info.spki, spkiHash(key));
        t.true(isIssuedBy(info, ca.certificate));
      }),
      { numRuns },
    );
  });
}

for (const [name, pem] of Object.entries({ goCa, goLeaf, noSki, odd, p521, zoo })) {
  test(`${name} is read as OpenSSL reads it`, (t) => {
    agrees(t, pem);
    const info = readCertificate(pem);
    const names = new X509Certificate(pem).subjectAltName?.match(
      /(?:^|, )(?:DNS|URI|IP Address):/gu,
    );
    t.is([...info.dnsNames, ...info.uris, ...info.ipAddresses].length, names?.length ?? 0);
    const authority = readCertificate(goCa);
    t.is(isIssuedBy(info, authority), isIssuedByOpenSsl(pem, goCa));
  });
}

for (const [name, pem] of Object.entries({ goLeaf, zoo })) {
  test(`what is read of a damaged ${name}, OpenSSL reads as well, and nobody has issued it`, (t) => {
    const [der = Buffer.alloc(0)] = decodeCertificates(pem);
    const authority = readCertificate(goCa);
    let read = 0;
    fc.assert(
      fc.property(
        fc.nat({ max: der.length - 1 }),
        fc.integer({ min: 1, max: 0xff }),
        (at, flip) => {
          const damaged = Buffer.from(der);
          damaged[at] = (damaged[at] ?? 0) ^ flip;
          const text = formatPem('CERTIFICATE', damaged);
          const info = accepted(() => readCertificate(text));
          if (info === undefined) return;
          read += 1;
          t.false(isIssuedBy(info, authority), 'one octet of it is another');
          if (accepted(() => new X509Certificate(text)) !== undefined) agrees(t, text);
        },
      ),
      { numRuns: numRuns * 10 },
    );
    t.true(read > numRuns, 'some are read');
  });

  test(`a damaged ${name} is read or refused with ERR_CERTIFICATE, nothing else`, (t) => {
    const [der = Buffer.alloc(0)] = decodeCertificates(pem);
    const change = fc.record({
      at: fc.nat({ max: der.length - 1 }),
      octet: fc.oneof(fc.constantFrom(0x00, 0x30, 0x80, 0x84, 0xff), fc.nat({ max: 0xff })),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const damaged = Buffer.from(der);
        for (const { at, octet } of changes) damaged[at] = octet;
        try {
          t.is(typeof readCertificate(formatPem('CERTIFICATE', damaged)).spki, 'string');
        } catch (error) {
          t.true(error instanceof PkiError && error.code === 'ERR_CERTIFICATE', String(error));
        }
      }),
      { numRuns: numRuns * 10 },
    );
  });
}
