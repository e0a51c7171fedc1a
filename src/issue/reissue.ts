import { PkiError } from '../errors.ts';
import type { IssuedReissue } from '../model/made/issued.ts';
import type { CredentialPath } from '../model/names.ts';
import type { PlannedReissue } from '../model/store/rotation.ts';
import { reissueCertificate } from '../x509/build/reissue/reissue.ts';
import { serialNumber } from '../x509/build/serial.ts';
import type { IssuePorts } from './issue.ts';
import { signerOf, type Signer } from './signer.ts';

/**
 * Signs the certificate of an authority again: a root by itself, another one by its issuer.
 *
 * @throws PkiError `ERR_ISSUE` where the key that signs is not at hand.
 */
export function issueAgain(
  planned: PlannedReissue,
  signers: ReadonlyMap<CredentialPath, Signer>,
  { now, randomBytes }: IssuePorts,
): IssuedReissue {
  const {
    desired: { path, issuer },
    entry: { certificate, reissue },
  } = planned;
  if (certificate === null || reissue === undefined) {
    throw new PkiError('ERR_ISSUE', `nothing of "${path}" is to be signed again`);
  }
  const signer = signerOf(issuer ?? path, signers, path);
  const spec = { serialNumber: serialNumber(randomBytes), ...reissue };
  return { planned, certificate: reissueCertificate(certificate, spec, signer), issuedAt: now };
}
