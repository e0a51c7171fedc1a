import { PkiError } from '../../../errors.ts';
import type { CertificateInfo } from '../../../model/x509.ts';
import { readCertificate } from '../../read/certificate.ts';
import { derElements } from '../../read/der.ts';
import { extensionElements, fieldsOf, readExtensions } from '../../read/fields.ts';
import { signData } from '../../read/key.ts';
import { formatPem } from '../../read/pem.ts';
import { keyIdentifiers } from '../../read/usages.ts';
import { signatureAlgorithm } from '../certificate.ts';
import { type Asn1, der, encode } from '../der.ts';
import { extension, keyIdentifier } from '../extensions.ts';
import { readIssuer, type Issuer } from '../issuer.ts';
import { buildSerialNumber } from '../serial.ts';
import { buildValidity } from '../validity.ts';

const VERSION_3 = 2;

/** Contents of the OIDs, in hexadecimal (RFC 5280 §4.2.1). */
const KEY_USAGE = '551d0f';
const BASIC_CONSTRAINTS = '551d13';
const AUTHORITY_KEY_IDENTIFIER = '551d23';

const KEY_CERT_SIGN = 0x04;
const CRL_SIGN = 0x02;

/** What of a certificate is another one's when it is signed again. */
export interface Reissue {
  /** Positive, 16 to 20 octets, big-endian. */
  readonly serialNumber: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * Signs the certificate of a CA again: the same key, name and key identifier, octet by octet, so that all that it signed stays valid
 * under both. Extensions are those that it has. Only what RFC 5280 asks of every CA is brought in where it lacks: keyUsage with
 * keyCertSign and cRLSign (§4.2.1.3; kubeadm's CAs have no cRLSign), a subject key identifier, and the critical bits of both keyUsage
 * and basicConstraints. The authority key identifier is made anew by key alone: with issuer and serial number it would name a
 * certificate that is no longer there.
 *
 * @param issuer - Who signs: of a root itself, with its key.
 * @throws PkiError ERR_ISSUE where the result would break RFC 5280, or it is no CA
 */
export function reissueCertificate(
  before: CertificateInfo,
  spec: Reissue,
  issuer: Issuer,
): CertificateInfo {
  if (!before.isCa) throw new PkiError('ERR_ISSUE', 'only the certificate of a CA is signed again');
  const isRoot = issuer.certificate.spki === before.spki;
  const above = readIssuer(issuer, !isRoot);
  const { subject, subjectPublicKeyInfo } = fieldsOf(before);
  const algorithm = signatureAlgorithm(issuer.privateKey);
  const toBeSigned = der.sequence(
    der.explicit(0, der.integer(VERSION_3)),
    buildSerialNumber(spec.serialNumber),
    algorithm,
    der.rawSequence(above.name),
    buildValidity(spec, isRoot ? null : issuer.certificate),
    raw(subject),
    raw(subjectPublicKeyInfo),
    der.explicit(3, extensions(before, isRoot ? null : above.keyIdentifier)),
  );
  const signature = signData(issuer.privateKey, encode(toBeSigned));
  const certificate = der.sequence(toBeSigned, algorithm, der.bitString(signature));
  return readCertificate(formatPem('CERTIFICATE', encode(certificate)));
}

function extensions(before: CertificateInfo, authorityKeyIdentifier: Buffer | null): Asn1 {
  const fields = fieldsOf(before);
  const values = readExtensions(fields);
  const made = new Set([KEY_USAGE, BASIC_CONSTRAINTS, AUTHORITY_KEY_IDENTIFIER]);
  const kept = [...extensionElements(fields)].filter(([id]) => !made.has(id));
  const { subject } = keyIdentifiers(values);
  const { subjectPublicKeyInfo } = fields;
  return der.sequence(
    extension('keyUsage', true, keyUsage(values.get(KEY_USAGE))),
    extension('basicConstraints', true, raw(values.get(BASIC_CONSTRAINTS) ?? Buffer.alloc(0))),
    ...kept.map(([, element]) => der.rawSequence(element.contents)),
    subject === undefined
      ? extension(
          'subjectKeyIdentifier',
          false,
          der.octetString(keyIdentifier(subjectPublicKeyInfo)),
        )
      : undefined,
    authorityKeyIdentifier === null
      ? undefined
      : extension(
          'authorityKeyIdentifier',
          false,
          der.sequence(der.implicit(0, authorityKeyIdentifier)),
        ),
  );
}

/** The bits that are there, and those of a CA; none of them is beyond the first octet but decipherOnly, which no CA has a use for. */
function keyUsage(before: Buffer | undefined): Asn1 {
  const [element] = before === undefined ? [] : derElements(before);
  const bits = (element?.contents[1] ?? 0) | KEY_CERT_SIGN | CRL_SIGN;
  return der.bitString(Uint8Array.of(bits), 31 - Math.clz32(bits & -bits));
}

/** A SEQUENCE, octet by octet. */
function raw(sequence: Buffer): Asn1 {
  return der.rawSequence(derElements(sequence)[0]?.contents ?? sequence);
}
