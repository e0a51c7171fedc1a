import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { splitCertificates } from '../../../../src/x509/read/pem.ts';
import { goCa, goLeaf } from '../foreign.ts';

/** In the form of Go and OpenSSL. */
const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'sec1', format: 'pem' })
  .toString();

test('splitCertificates: the blocks of a chain, in order, as they were written', (t) => {
  t.deepEqual(splitCertificates(goLeaf + goCa), [goLeaf, goCa]);
});

test('splitCertificates: CRLF, text around the blocks and other line lengths become canonical PEM', (t) => {
  const body = goCa.split('\n').slice(1, -2).join('');
  const wide = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----`;
  t.deepEqual(splitCertificates(goCa.replaceAll('\n', '\r\n')), [goCa]);
  t.deepEqual(splitCertificates(`subject=CN = kubernetes\n${goCa}\ntrailer`), [goCa]);
  t.deepEqual(splitCertificates(wide), [goCa]);
});

test('splitCertificates: blocks of other kinds are skipped', (t) => {
  t.deepEqual(splitCertificates(goLeaf + ecKey), [goLeaf]);
});

const refused = test.macro<[string, string]>({
  exec(t, text, message) {
    const options = { code: 'ERR_CERTIFICATE', message };
    t.throws(() => splitCertificates(text), options);
  },
  title: (given) => `splitCertificates: refuses ${given ?? ''}`,
});

const truncated = 'PEM block "CERTIFICATE" is truncated';
test('text without a certificate', refused, 'hello', 'no PEM block "CERTIFICATE"');
test('a private key alone', refused, ecKey, 'no PEM block "CERTIFICATE"');
test('a block without its end', refused, goCa.slice(0, -30), truncated);
test(
  'a block that the next one interrupts',
  refused,
  goCa.slice(0, 200) + `\n${goLeaf}`,
  truncated,
);
test(
  'a block with another end',
  refused,
  goCa.replace('END CERTIFICATE', 'END PUBLIC KEY'),
  truncated,
);
test(
  'a body that is not base64',
  refused,
  goCa.replace('MIIB', 'MI!B'),
  'PEM block "CERTIFICATE" is not base64',
);
test(
  'a body with a character missing',
  refused,
  goCa.replace('MIIB', 'MII'),
  'PEM block "CERTIFICATE" is not base64',
);
