import test from 'ava';
import { buildCertificate } from '../../../src/x509/build/certificate.ts';
import { buildCrl } from '../../../src/x509/build/crl/crl.ts';
import { reissueCertificate, type Reissue } from '../../../src/x509/build/reissue/reissue.ts';
import { readCertificate } from '../../../src/x509/read/certificate.ts';
import { isIssuedBy } from '../../../src/x509/read/issued.ts';
import { decodeBlocks, formatPem } from '../../../src/x509/read/pem.ts';
import { isReissueOf } from '../../../src/x509/read/reissue/reissued.ts';
import { maySignCrls } from '../../../src/x509/read/usages.ts';
import type { CertificateInfo } from '../../../src/model/x509.ts';
import { checkCertificate, parseCertificate, OID } from '../../_helpers/check-certificate.ts';
import { ALGORITHMS, caSpec, leafSpec, NOT_BEFORE, rootCa, sharedKey } from './fixtures.ts';

const LATER = new Date('2046-01-01T00:00:00Z');
const spec: Reissue = {
  serialNumber: new Uint8Array(16).fill(0x41),
  notBefore: NOT_BEFORE,
  notAfter: LATER,
};

for (const algorithm of ALGORITHMS)
  test(`reissueCertificate: ${algorithm} root: all but serial number and notAfter stays, and what either signed is good under both`, async (t) => {
    const before = await rootCa(algorithm, { dnsNames: ['kubernetes'], pathLength: 1 });
    const certificate = reissueCertificate(before.certificate, spec, before);
    checkCertificate(t, certificate.pem, {
      ...caSpec({ dnsNames: ['kubernetes'], pathLength: 1, notAfter: LATER }),
      serialNumber: spec.serialNumber,
      keyAlgorithm: algorithm,
      issuer: null,
    });
    const [was, is] = [before.certificate, certificate].map(({ pem }) => parseCertificate(pem));
    t.deepEqual(is?.extensions, was?.extensions);
    t.deepEqual(is?.subject, was?.subject);
    t.true(isReissueOf(certificate, before.certificate));
    const key = await sharedKey('ECDSA-P256', 'leaf');
    for (const issuer of [before, { ...before, certificate }]) {
      const leaf = buildCertificate(leafSpec(), key, issuer);
      t.true(isIssuedBy(leaf, before.certificate));
      t.true(isIssuedBy(leaf, certificate));
    }
  });

test('reissueCertificate: of a CA below another one is signed by that one, and ends within it', async (t) => {
  const root = await rootCa('ECDSA-P256');
  const privateKey = await sharedKey('ECDSA-P384', 'leaf');
  const own = caSpec({ subject: { commonName: 'mesh' }, pathLength: 0 });
  const before = buildCertificate(
    { ...own, notAfter: new Date('2027-01-01T00:00:00Z') },
    privateKey,
    root,
  );
  const certificate = reissueCertificate(before, { ...spec, notAfter: own.notAfter }, root);
  checkCertificate(t, certificate.pem, {
    ...own,
    serialNumber: spec.serialNumber,
    issuer: root.certificate.pem,
  });
  t.true(isIssuedBy(certificate, root.certificate));
  t.throws(() => reissueCertificate(before, spec, root), {
    code: 'ERR_ISSUE',
    message: /is after the issuer's$/u,
  });
});

/** A certificate with octets of its DER replaced by others of the same length; its signature is good no more. */
function patched({ pem }: Pick<CertificateInfo, 'pem'>, from: string, to: string): CertificateInfo {
  const [octets = Buffer.alloc(0)] = decodeBlocks(pem, 'CERTIFICATE');
  const at = octets.indexOf(Buffer.from(from, 'hex'));
  if (at < 0 || from.length !== to.length) throw new RangeError(from);
  Buffer.from(to, 'hex').copy(octets, at);
  return readCertificate(formatPem('CERTIFICATE', octets));
}

/** Its subject key identifier, as hexadecimal DER. */
const identifierOf = ({ pem }: Pick<CertificateInfo, 'pem'>): string =>
  parseCertificate(pem).extensions.get(OID.subjectKeyIdentifier)?.value.toString('hex') ?? '';

test('reissueCertificate: brings cRLSign to a CA that has only what kubeadm gives it, and keeps its other bits', async (t) => {
  const ca = await rootCa();
  const before = patched(ca.certificate, '03020186', '030202a4');
  t.false(maySignCrls(before));
  const certificate = reissueCertificate(before, spec, { ...ca, certificate: before });
  t.deepEqual(parseCertificate(certificate.pem).extensions.get(OID.keyUsage), {
    critical: true,
    value: Buffer.from('030201a6', 'hex'),
  });
  t.true(isReissueOf(certificate, before));
  const revoked = { number: 1, thisUpdate: NOT_BEFORE, nextUpdate: LATER, revoked: [] };
  t.notThrows(() => buildCrl(revoked, { ...ca, certificate }));
});

test('reissueCertificate: keeps a key identifier that is not of its own making', async (t) => {
  const ca = await rootCa();
  const other = `0414${'ab'.repeat(20)}`;
  const before = patched(ca.certificate, identifierOf(ca.certificate), other);
  const certificate = reissueCertificate(before, spec, { ...ca, certificate: before });
  const { extensions } = parseCertificate(certificate.pem);
  t.is(extensions.get(OID.subjectKeyIdentifier)?.value.toString('hex'), other);
});

test('reissueCertificate: refuses a certificate that is no CA, and a key that is another one', async (t) => {
  const ca = await rootCa();
  const key = await sharedKey('ECDSA-P256', 'leaf');
  const leaf = buildCertificate(leafSpec(), key, ca);
  t.throws(() => reissueCertificate(leaf, spec, ca), { code: 'ERR_ISSUE', message: /of a CA/u });
  t.throws(() => reissueCertificate(ca.certificate, spec, { ...ca, privateKey: key }), {
    code: 'ERR_ISSUE',
    message: /private key is not the one of issuer/u,
  });
});

test('isReissueOf: false for another key, another name, another key identifier, and rights that were not there', async (t) => {
  const ca = await rootCa();
  const { certificate } = ca;
  const of = (change: Parameters<typeof caSpec>[0]): CertificateInfo =>
    buildCertificate(caSpec(change), ca.privateKey, null);
  t.true(isReissueOf(of({ notAfter: LATER }), certificate));
  t.false(isReissueOf((await rootCa('RSA-2048')).certificate, certificate));
  t.false(isReissueOf(of({ subject: { commonName: 'other' } }), certificate));
  t.false(isReissueOf(of({ pathLength: 0 }), certificate));
  t.false(isReissueOf(of({ dnsNames: ['a.example.com'] }), certificate));
  t.false(isReissueOf(patched(certificate, '03020186', '030201c6'), certificate));
  t.false(
    isReissueOf(
      patched(certificate, identifierOf(certificate), `0414${'ab'.repeat(20)}`),
      certificate,
    ),
  );
});
