import type { CredentialPath } from '../../model/names.ts';
import type { Values } from '../values.ts';

/** Whether an authority has a CRL; undefined where there is no authority to ask of. */
export function hasCrl(authority: CredentialPath | undefined, values: Values): boolean | undefined {
  return authority === undefined ? undefined : crlText(authority, values) !== undefined;
}

/**
 * The CRL of an authority as etcd reads it: DER, and with a PEM file etcd refuses everybody. What is still to be signed is octets that
 * no file of the tree holds.
 */
export function crlOctets(authority: CredentialPath, values: Values): Uint8Array {
  const text = crlText(authority, values) ?? '';
  const [, body] = /^-----BEGIN X509 CRL-----\n([A-Za-z0-9+/=\n]+)-----END/u.exec(text) ?? [];
  return Buffer.from(body ?? text, body === undefined ? 'utf8' : 'base64');
}

function crlText(authority: CredentialPath, { material }: Values): string | undefined {
  const of = material.get(authority);
  return of?.kind === 'CertificateAuthority' ? of.crl : undefined;
}
