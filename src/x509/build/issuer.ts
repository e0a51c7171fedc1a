import type { KeyObject } from 'node:crypto';
import type { CertificateInfo } from '../../model/x509.ts';
import { PkiError } from '../../errors.ts';
import { derElements } from '../../x509/read/der.ts';
import { spkiHash } from '../../x509/read/key.ts';
import { fieldsOf, readExtensions } from '../../x509/read/fields.ts';
import { keyIdentifiers, pathLengthOf } from '../../x509/read/usages.ts';
import { keyIdentifier } from './extensions.ts';

/** The certificate that issues, with its private key. */
export interface Issuer {
  readonly certificate: CertificateInfo;
  readonly privateKey: KeyObject;
}

/** What goes from an issuer's certificate into those that it issues, octet by octet. */
export interface IssuerFields {
  /** Contents of its subject's SEQUENCE. */
  readonly name: Buffer;
  readonly keyIdentifier: Buffer;
}

/**
 * The fields of an issuer, from the octets of its certificate: a name or an identifier made anew can differ in
 * encoding, and then chains break (RFC 5280 §7.1, §4.2.1.1).
 * @throws PkiError ERR_ISSUE where it is no CA, its key is another one, or it may issue no CA
 */
export function readIssuer({ certificate, privateKey }: Issuer, forCa: boolean): IssuerFields {
  const name = certificate.subject.commonName ?? certificate.serialNumber;
  if (!certificate.isCa) throw new PkiError('ERR_ISSUE', `issuer "${name}" is not a CA`);
  if (privateKey.type !== 'private' || spkiHash(privateKey) !== certificate.spki) {
    throw new PkiError('ERR_ISSUE', `private key is not the one of issuer "${name}"`);
  }
  const fields = fieldsOf(certificate);
  const { subject, subjectPublicKeyInfo } = fields;
  const extensions = readExtensions(fields);
  if (forCa && pathLengthOf(certificate) === 0) {
    throw new PkiError('ERR_ISSUE', `issuer "${name}" has path length 0 and may issue no CA`);
  }
  const { subject: identifier } = keyIdentifiers(extensions);
  return {
    name: derElements(subject)[0]?.contents ?? subject,
    // an adopted CA may have none; then any identifier of its key is right
    keyIdentifier: identifier ?? keyIdentifier(subjectPublicKeyInfo),
  };
}
