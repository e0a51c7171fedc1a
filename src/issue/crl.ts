import type { CredentialPath } from '../model/names.ts';
import type { IssuedCrl, PlannedCrl } from '../model/store/revocations.ts';
import { buildCrl } from '../x509/build/crl/crl.ts';
import { BACKDATE } from './dates.ts';
import { signerOf, type Signer } from './signer.ts';

/** A CRL to sign, with the key of the outgoing entry where that signs it as well. */
export interface OrderedCrl {
  readonly planned: PlannedCrl;
  readonly outgoing: Signer | null;
}

/**
 * Signs the next CRL of an authority with its issuing entry, and the same with its outgoing one. Each names what every entry of the
 * keyset signed: etcd, which takes one file, compares serial numbers and asks for no issuer.
 *
 * @throws PkiError `ERR_ISSUE` where the key is not at hand, and where the CA may sign no CRLs.
 */
export function issueCrl(
  { planned: { desired, number, entries, validity }, outgoing }: OrderedCrl,
  signers: ReadonlyMap<CredentialPath, Signer>,
  now: Date,
): IssuedCrl {
  const signer = signerOf(desired.path, signers, desired.path);
  const seconds = Math.floor(now.getTime() / 1000);
  const thisUpdate = new Date((seconds - BACKDATE) * 1000);
  const nextUpdate = new Date((seconds + validity) * 1000);
  const signedBy = (by: Signer): { readonly pem: string; readonly issuer: string } => ({
    pem: buildCrl({ number, thisUpdate, nextUpdate, revoked: entries }, by),
    issuer: by.id,
  });
  const second = outgoing === null ? null : signedBy(outgoing);
  const crl = { number, thisUpdate, nextUpdate, ...signedBy(signer), outgoing: second };
  return { desired, entries, crl };
}
