import test from 'ava';
import { buildCertificate } from '../../../../src/x509/build/certificate.ts';
import { readCertificate } from '../../../../src/x509/read/certificate.ts';
import { checkCertificate, OID, parseCertificate } from '../../../_helpers/check-certificate.ts';
import { caSpec, leafSpec, rootCa, sharedKey } from '../fixtures.ts';
import { goCa, goLeaf, noSki, odd, withOwnKey } from '../foreign.ts';

const adopted = (foreign: string) => {
  const { pem, privateKey } = withOwnKey(foreign);
  return { certificate: readCertificate(pem), privateKey };
};
const future = { notBefore: new Date('2027-01-01'), notAfter: new Date('2028-01-01') };

test("issuer: its name is copied octet by octet from Go's certificate", async (t) => {
  const key = await sharedKey('ECDSA-P256', 'leaf');
  const ca = adopted(goCa);
  const pem = buildCertificate(leafSpec(), key, ca).pem;
  checkCertificate(t, pem, { profile: 'server', issuer: ca.certificate.pem });
  t.is(readCertificate(pem).issuer, readCertificate(goLeaf).issuer);
});

test('issuer: a name and an identifier that this product would write otherwise are copied too', async (t) => {
  const key = await sharedKey('ECDSA-P256', 'leaf');
  const ca = adopted(odd);
  const pem = buildCertificate(leafSpec(future), key, ca).pem;
  checkCertificate(t, pem, { profile: 'server', issuer: ca.certificate.pem });
  const { extensions } = parseCertificate(pem);
  t.is(extensions.get(OID.authorityKeyIdentifier)?.value.toString('hex'), '30078005abcdef0102');
});

test('issuer: one without an identifier gets the one of its key', async (t) => {
  const key = await sharedKey('ECDSA-P256', 'leaf');
  const ca = adopted(noSki);
  const authority = parseCertificate(
    buildCertificate(leafSpec(future), key, ca).pem,
  ).extensions.get(OID.authorityKeyIdentifier);
  const own = parseCertificate(
    buildCertificate(caSpec(future), ca.privateKey, null).pem,
  ).extensions.get(OID.subjectKeyIdentifier);
  t.deepEqual(authority?.value.subarray(4), own?.value.subarray(2));
});

test('issuer: refuses one that is no CA', async (t) => {
  const key = await sharedKey('ECDSA-P256', 'leaf');
  t.throws(() => buildCertificate(leafSpec(), key, adopted(goLeaf)), {
    code: 'ERR_ISSUE',
    message: 'issuer "kube-apiserver" is not a CA',
  });
});

test('issuer: refuses a private key that is not its own', async (t) => {
  const key = await sharedKey('ECDSA-P256', 'leaf');
  t.throws(() => buildCertificate(leafSpec(), key, { ...adopted(goCa), privateKey: key }), {
    code: 'ERR_ISSUE',
    message: 'private key is not the one of issuer "kubernetes"',
  });
});

test('issuer: path length 0 issues leaves and no CA', async (t) => {
  const ca = await rootCa('ECDSA-P256', { pathLength: 0 });
  const key = await sharedKey('ECDSA-P256', 'leaf');
  t.notThrows(() => buildCertificate(leafSpec(), key, ca));
  t.throws(() => buildCertificate(caSpec(), key, ca), {
    code: 'ERR_ISSUE',
    message: 'issuer "kubernetes" has path length 0 and may issue no CA',
  });
});

test('issuer: path length 1, or none, issues a CA', async (t) => {
  const key = await sharedKey('ECDSA-P256', 'leaf');
  for (const pathLength of [1, null]) {
    const ca = await rootCa('ECDSA-P256', { pathLength });
    const spec = caSpec({ subject: { commonName: 'intermediate' } });
    t.true(readCertificate(buildCertificate(spec, key, ca).pem).isCa);
  }
});
