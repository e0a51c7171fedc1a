import type { KeyObject } from 'node:crypto';
import { PkiError } from '../errors.ts';
import type { CredentialPath } from '../model/names.ts';
import type { CertificateInfo } from '../model/x509.ts';

/** The issuing entry of a keyset, with its private key at hand. */
export interface Signer {
  readonly id: string;
  readonly certificate: CertificateInfo;
  readonly privateKey: KeyObject;
}

/** @throws PkiError `ERR_ISSUE` where the key of `keyset`, issuer of `credential`, is not at hand */
export function signerOf(
  keyset: CredentialPath,
  signers: ReadonlyMap<CredentialPath, Signer>,
  credential: CredentialPath,
): Signer & { readonly keyset: CredentialPath } {
  const signer = signers.get(keyset);
  if (signer === undefined) {
    throw new PkiError(
      'ERR_ISSUE',
      `the key of "${keyset}", issuer of "${credential}", is not at hand`,
    );
  }
  return { ...signer, keyset };
}
