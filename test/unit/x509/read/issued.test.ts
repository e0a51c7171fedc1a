import test from 'ava';
import { buildCertificate } from '../../../../src/x509/build/certificate.ts';
import { readCertificate } from '../../../../src/x509/read/certificate.ts';
import { isIssuedBy } from '../../../../src/x509/read/issued.ts';
import { caSpec, leafSpec, rootCa, sharedKey } from '../fixtures.ts';
import { goCa, goLeaf, noSki, odd, p521 } from '../foreign.ts';

test('isIssuedBy: true for the issuer, and for a root itself', (t) => {
  t.true(isIssuedBy(readCertificate(goLeaf), readCertificate(goCa)));
  t.true(isIssuedBy(readCertificate(goCa), readCertificate(goCa)));
});

test('isIssuedBy: false for a CA of another name', (t) => {
  t.false(isIssuedBy(readCertificate(goLeaf), readCertificate(noSki)));
  t.false(isIssuedBy(readCertificate(odd), readCertificate(noSki)));
});

test('isIssuedBy: false for a CA of the same name with another key', async (t) => {
  const ca = await rootCa();
  const other = buildCertificate(caSpec(), await sharedKey('ECDSA-P256', 'leaf'), null).pem;
  const leaf = buildCertificate(leafSpec(), await sharedKey('ECDSA-P256', 'leaf'), ca).pem;
  t.true(isIssuedBy(readCertificate(leaf), ca.certificate));
  t.false(isIssuedBy(readCertificate(leaf), readCertificate(other)));
});

test('isIssuedBy: false where the signature is not of the contents', (t) => {
  const forged = goLeaf.replace('NDA2MDEw', 'NDA3MDEw');
  t.not(forged, goLeaf);
  t.false(isIssuedBy(readCertificate(forged), readCertificate(goCa)));
});

test('isIssuedBy: false for a CA of another name with the same key', async (t) => {
  const ca = await rootCa();
  const other = await rootCa('ECDSA-P256', { subject: { commonName: 'etcd-ca' } });
  const leaf = buildCertificate(leafSpec(), await sharedKey('ECDSA-P256', 'leaf'), ca).pem;
  t.false(isIssuedBy(readCertificate(leaf), other.certificate));
});

test('isIssuedBy: false for what is no CA, though it signed itself', (t) => {
  t.false(isIssuedBy(readCertificate(p521), readCertificate(p521)));
});
