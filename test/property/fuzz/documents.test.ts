import { Buffer } from 'node:buffer';
import { decryptBinary, decryptYaml } from '../../../src/sops/decrypt.ts';
import { readMetadata } from '../../../src/sops/document/metadata.ts';
import { findClientCertificate } from '../../../src/inspect/kubeconfig.ts';
import { readCertificate } from '../../../src/x509/read/certificate.ts';
import { readPrivateKey, readPublicKey } from '../../../src/x509/read/key.ts';
import { decodeCertificates, formatPem, splitCertificates } from '../../../src/x509/read/pem.ts';
import { readValidity } from '../../../src/x509/read/validity.ts';
import { BASE64, DER, JSON_TEXT, LINES, OCTETS, PEM } from './_mutate.ts';
import { fuzz } from './_run.ts';
import { buffers, IDENTITY, identity, paths, scanner, tree } from './_seeds.ts';

const secrets = [IDENTITY];
const identities = { list: [identity], unusable: [] };

const certificates = paths(/\/pki\/.*\.sops\.yaml$/u).flatMap((path) => {
  const block = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/u.exec(
    tree().text(path),
  );
  return block === null ? [] : [Buffer.from(`${block[0].replaceAll(/^ +/gmu, '')}\n`)];
});

fuzz({
  title: 'a certificate in PEM',
  seeds: certificates,
  mutations: [...OCTETS, ...LINES, BASE64, PEM, PEM, PEM, PEM],
  cases: 2500,
  refused: 0.3,
  accepted: 0.1,
  run: (input) => {
    const text = input.toString('utf8');
    splitCertificates(text);
    const { keyAlgorithm, ...info } = readCertificate(text);
    for (const time of [info.notBefore, info.notAfter]) time.toISOString();
    return keyAlgorithm;
  },
});

fuzz({
  title: 'a certificate in DER, by both readers',
  seeds: certificates.flatMap((pem) => decodeCertificates(pem.toString())),
  mutations: [...OCTETS, DER, DER, DER, DER, DER, DER, DER, DER],
  cases: 3000,
  refused: 0.3,
  accepted: 0.1,
  run: (input) => {
    const validity = readValidity(input);
    for (const time of [validity.notBefore, validity.notAfter]) time.toISOString();
    const certificate = readCertificate(formatPem('CERTIFICATE', input));
    if (certificate.notAfter.getTime() !== validity.notAfter.getTime())
      throw new TypeError('the two readers disagree');
  },
});

const KEYS = [...buffers(/sa\.pub$/u)];
fuzz({
  title: 'a public key',
  seeds: KEYS,
  mutations: [...OCTETS, ...LINES, BASE64, PEM, PEM, PEM],
  cases: 1000,
  refused: 0.2,
  accepted: 0.05,
  run: (input) => readPublicKey(input.toString('utf8')),
});

fuzz({
  title: 'a kubeconfig',
  seeds: buffers(/\.conf$/u),
  mutations: [...OCTETS, ...LINES, ...LINES, BASE64],
  cases: 1500,
  refused: 0.1,
  accepted: 0.1,
  secrets,
  scanner,
  run: (input) => {
    const found = findClientCertificate('admin.conf', input.toString('utf8'));
    return 'pem' in found ? splitCertificates(found.pem).map((pem) => readCertificate(pem)) : found;
  },
});

fuzz({
  title: 'a SOPS document in YAML, decrypted',
  seeds: buffers(/\.sops\.yaml$|\.conf$/u).filter((document) => document.includes('\nsops:')),
  mutations: [...OCTETS, ...LINES, ...LINES, BASE64, BASE64],
  cases: 1500,
  refused: 0.3,
  accepted: 0.05,
  secrets,
  scanner,
  run: async (input) => {
    readMetadata(input.toString('utf8'), 'yaml', { program: true });
    return decryptYaml(input.toString('utf8'), identities);
  },
});

fuzz({
  title: 'a SOPS document in JSON, decrypted',
  seeds: buffers(/\.key$/u),
  mutations: [...OCTETS, ...LINES, BASE64, BASE64, JSON_TEXT, JSON_TEXT],
  cases: 1000,
  refused: 0.3,
  accepted: 0.02,
  secrets,
  scanner,
  run: async (input) => {
    const octets = await decryptBinary(input.toString('utf8'), identities);
    return readPrivateKey(Buffer.from(octets).toString());
  },
});
