import test from 'ava';
import type { CertificateInfo } from '../../../src/model/x509.ts';
import { lintCertificate } from '../../../src/verify/tree/lint.ts';
import { readCertificate } from '../../../src/x509/read/certificate.ts';
import { BROKEN, CA, certificatePem, LEAF, type Spec } from '../../_helpers/broken-certificates.ts';

const CLIENT = '1.3.6.1.5.5.7.3.2';
const certificate = (spec: Spec): CertificateInfo => readCertificate(certificatePem(spec));
const ca = certificate(CA);

test('lintCertificate: has nothing against the certificates that each rule is tried with', (t) => {
  for (const spec of [LEAF, { ...LEAF, extendedKeyUsage: [CLIENT], dns: [], ip: [] }, CA])
    t.deepEqual(lintCertificate(certificate(spec), ca), []);
  t.deepEqual(
    lintCertificate(certificate({ ...LEAF, commonName: null, sanCritical: true }), ca),
    [],
  );
});

for (const [index, [change, message]] of BROKEN.entries())
  test(`lintCertificate: rule ${index + 1}: ${String(message)}`, (t) => {
    const found = lintCertificate(certificate({ ...LEAF, ...change }), ca);
    t.is(found.length, 1, found.join('; '));
    t.regex(found[0] ?? '', message);
  });
