import test from 'ava';
import type { Subject } from '../../../../src/model/names.ts';
import { readCertificate } from '../../../../src/x509/read/certificate.ts';
import { parseCertificate } from '../../../_helpers/check-certificate.ts';
import { leaf } from '../fixtures.ts';

/** What Go's `asn1.Marshal(name.ToRDNSequence())` gives. */
const GO_NAMES: readonly (readonly [string, Subject, string])[] = [
  ['a common name', { commonName: 'kubernetes' }, '3015311330110603550403130a6b756265726e65746573'],
  [
    'organization before common name',
    { commonName: 'system:node:cp-1', organizations: ['system:nodes'] },
    '303231153013060355040a130c73797374656d3a6e6f646573311930170603550403131073797374656d3a6e6f64653a63702d31',
  ],
  [
    'all attributes, values of one attribute in one sorted RDN, UTF8String only where needed',
    {
      commonName: 'a_b*&@',
      organizations: ['zeta', 'kubeadm:cluster-admins', 'a_b', 'Übung'],
      organizationalUnits: ['two', 'one'],
      country: 'DE',
      serialNumber: '77-A',
    },
    '308190310b30090603550406130244453147300a060355040a0c03615f62300b060355040a13047a657461300d060355040a0c06c39c62756e67301d060355040a13166b75626561646d3a636c75737465722d61646d696e733118300a060355040b13036f6e65300a060355040b130374776f310f300d06035504030c06615f622a2640310d300b0603550405130437372d41',
  ],
];

for (const [what, subject, octets] of GO_NAMES) {
  test(`subject: the same octets as Go writes: ${what}`, async (t) => {
    t.is(parseCertificate(await leaf({ subject })).subject.toString('hex'), octets);
  });
}

test('subject: values that occur twice are written once', async (t) => {
  const subject = { commonName: 'a', organizations: ['b', 'b'] };
  t.deepEqual(readCertificate(await leaf({ subject })).subject.organizations, ['b']);
});

test('subject: 64 characters are taken, whatever their octets', async (t) => {
  const subject = { commonName: '😀'.repeat(64) };
  t.deepEqual(readCertificate(await leaf({ subject })).subject, subject);
});

const long = 'x'.repeat(65);
const REFUSED: readonly (readonly [Subject, string])[] = [
  [{ commonName: long }, `commonName "${long}" has more than 64 characters`],
  [{ organizations: ['a', long] }, `organizations "${long}" has more than 64 characters`],
  [{ commonName: '' }, 'commonName "" is empty'],
  [{ commonName: 'a', organizations: [''] }, 'organizations "" is empty'],
  [{ commonName: 'a\nb' }, 'commonName "a\nb" has control characters'],
  [{ commonName: 'a\0' }, 'commonName "a\0" has control characters'],
  [{ commonName: '\ud800' }, 'commonName "\ud800" has control characters'],
  [{ country: 'DEU' }, 'country "DEU" is not two letters'],
  [{ country: 'D1' }, 'country "D1" is not two letters'],
  [{ serialNumber: 'a_b' }, 'serialNumber "a_b" has characters other than letters and digits'],
];

for (const [subject, message] of REFUSED) {
  test(`subject: refuses ${JSON.stringify(subject)}`, async (t) => {
    await t.throwsAsync(leaf({ subject }), { code: 'ERR_ISSUE', message: `subject: ${message}` });
  });
}
