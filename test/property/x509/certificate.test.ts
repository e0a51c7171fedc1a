import test from 'ava';
import fc from 'fast-check';
import type { Profile } from '../../../src/model/names.ts';
import type { CertificateSpec } from '../../../src/model/x509.ts';
import { PkiError } from '../../../src/errors.ts';
import { buildCertificate } from '../../../src/x509/build/certificate.ts';
import { serialNumber } from '../../../src/x509/build/serial.ts';
import { readCertificate } from '../../../src/x509/read/certificate.ts';
import { isIssuedBy } from '../../../src/x509/read/issued.ts';
import { spkiHash } from '../../../src/x509/read/key.ts';
import { decodeCertificates, formatPem } from '../../../src/x509/read/pem.ts';
import { checkCertificate } from '../../_helpers/check-certificate.ts';
import { ALGORITHMS, rootCa, sharedKey } from '../../unit/x509/fixtures.ts';
import { goLeaf, zoo } from '../../unit/x509/foreign.ts';

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

for (const algorithm of ALGORITHMS) {
  test(`read(build(spec)) is spec: ${algorithm} key and issuer`, async (t) => {
    const ca = await rootCa(algorithm, { notAfter: new Date('2090-01-01T00:00:00Z') });
    const key = await sharedKey(algorithm, 'leaf');
    fc.assert(
      fc.property(spec, (wanted) => {
        const pem = buildCertificate(wanted, key, ca);
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

for (const [name, pem] of Object.entries({ goLeaf, zoo })) {
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
