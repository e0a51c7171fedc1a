import type { CredentialPath } from '../model/names.ts';
import type { IssuedCrl, PlannedCrl } from '../model/store/revocations.ts';
import { buildCrl } from '../x509/build/crl/crl.ts';
import { BACKDATE } from './dates.ts';
import { signerOf, type Signer } from './signer.ts';

/**
 * Signs the next CRL of an authority with its issuing entry. It names what every entry of the keyset signed: etcd, which takes one
 * file, compares serial numbers and asks for no issuer.
 *
 * @throws PkiError `ERR_ISSUE` where the key is not at hand, and where the CA may sign no CRLs.
 */
export function issueCrl(
  { desired, number, entries, validity }: PlannedCrl,
  signers: ReadonlyMap<CredentialPath, Signer>,
  now: Date,
): IssuedCrl {
  const signer = signerOf(desired.path, signers, desired.path);
  const seconds = Math.floor(now.getTime() / 1000);
  const thisUpdate = new Date((seconds - BACKDATE) * 1000);
  const nextUpdate = new Date((seconds + validity) * 1000);
  const pem = buildCrl({ number, thisUpdate, nextUpdate, revoked: entries }, signer);
  return { desired, entries, crl: { pem, number, thisUpdate, nextUpdate, issuer: signer.id } };
}
