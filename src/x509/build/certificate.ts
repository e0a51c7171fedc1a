import type { CertificateInfo } from '../../model/x509.ts';
import type { KeyObject } from 'node:crypto';
import type { CertificateSpec } from '../../model/x509.ts';
import { PkiError } from '../../errors.ts';
import { readCertificate } from '../../x509/read/certificate.ts';
import { derElements } from '../../x509/read/der.ts';
import { algorithmOfInfo, keyAlgorithmOf, publicKeyInfo, signData } from '../../x509/read/key.ts';
import { formatPem } from '../../x509/read/pem.ts';
import { type Asn1, der, encode } from './der.ts';
import { buildExtensions } from './extensions.ts';
import { type Issuer, readIssuer } from './issuer.ts';
import { buildName } from './name.ts';
import { SIGNATURE_ALGORITHMS } from './oids.ts';
import { buildSerialNumber } from './serial.ts';
import { buildValidity } from './validity.ts';

const VERSION_3 = 2;

/**
 * Builds and signs an X.509 v3 certificate (RFC 5280 §4.1), and reads it again before it is returned.
 *
 * @param spec - What it says; names are made canonical, dates are cut to whole seconds.
 * @param key - The subject's key: public, private, or its SubjectPublicKeyInfo in DER; private where it signs itself.
 * @param issuer - Null for a self-signed CA.
 * @returns what was read.
 * @throws PkiError ERR_ISSUE where the result would break RFC 5280 or not verify under its issuer
 */
export function buildCertificate(
  spec: CertificateSpec,
  key: KeyObject | Buffer,
  issuer: Issuer | null,
): CertificateInfo {
  const signer = issuer?.privateKey ?? ownSigner(spec, key);
  const algorithm = signatureAlgorithm(signer);
  const subject = buildName(spec.subject);
  const fields = issuer && readIssuer(issuer, spec.profile === 'ca');
  const isInfo = Buffer.isBuffer(key);
  const keyAlgorithm = isInfo ? algorithmOfInfo(key) : keyAlgorithmOf(key);
  if (keyAlgorithm === null) throw unsupported("subject's", key);
  const spki = isInfo ? key : publicKeyInfo(key);
  const tbsCertificate = der.sequence(
    der.explicit(0, der.integer(VERSION_3)),
    buildSerialNumber(spec.serialNumber),
    algorithm,
    fields === null ? subject : der.rawSequence(fields.name),
    buildValidity(spec, issuer && issuer.certificate),
    subject,
    der.rawSequence(derElements(spki)[0]?.contents ?? spki),
    der.explicit(
      3,
      buildExtensions({
        spec,
        spki,
        isRsa: keyAlgorithm.startsWith('RSA'),
        authorityKeyIdentifier: fields && fields.keyIdentifier,
      }),
    ),
  );
  const signature = signData(signer, encode(tbsCertificate));
  const certificate = der.sequence(tbsCertificate, algorithm, der.bitString(signature));
  return readCertificate(formatPem('CERTIFICATE', encode(certificate)));
}

function ownSigner({ profile }: CertificateSpec, key: KeyObject | Buffer): KeyObject {
  if (profile === 'ca' && !Buffer.isBuffer(key) && key.type === 'private') return key;
  throw new PkiError('ERR_ISSUE', 'only a CA with its private key signs itself');
}

/** An AlgorithmIdentifier: NULL parameters for RSA (RFC 4055 §5), none for the others (RFC 5758 §3.2, RFC 8410 §3). */
export function signatureAlgorithm(privateKey: KeyObject): Asn1 {
  const algorithm = keyAlgorithmOf(privateKey);
  if (algorithm === null) throw unsupported("issuer's", privateKey);
  const oid = der.oid(SIGNATURE_ALGORITHMS[algorithm]);
  return privateKey.asymmetricKeyType === 'rsa' ? der.sequence(oid, der.null()) : der.sequence(oid);
}

function unsupported(whose: string, key: KeyObject | Buffer): PkiError {
  const named = Buffer.isBuffer(key) ? 'key' : `key of kind "${key.asymmetricKeyType ?? key.type}"`;
  return new PkiError('ERR_ISSUE', `${whose} ${named} is of no supported algorithm`);
}
