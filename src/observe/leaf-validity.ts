import { layout } from '../model/store/layout.ts';
import { credentialParts, type CredentialPath, type TreePath } from '../model/names.ts';
import type { IssuerId } from '../model/observed.ts';
import type { TreeReader } from '../model/ports.ts';
import type { RenewalPolicy } from '../model/x509.ts';
import { decodeCertificates } from '../x509/read/pem.ts';
import { readValidity, type CertificateValidity } from '../x509/read/validity.ts';
import { parseIssuer } from './issuer.ts';
import { parseLeafFields } from './leaf.ts';
import { requireEncrypted } from './recipients.ts';

/** What an expiry report says of a leaf. */
export interface LeafValidity {
  readonly path: CredentialPath;
  readonly file: TreePath;
  readonly kind: 'Certificate' | 'Kubeconfig';
  readonly certificate: CertificateValidity;
  readonly issuedAt: Date;
  readonly issuer: IssuerId;
  readonly policy: Pick<RenewalPolicy, 'renewBefore' | 'jitter'>;
}

/**
 * Reads of a leaf document only what an expiry report needs: a fleet has tens of thousands of them. Whether the certificate is
 * the declared one, and who signed it, is for plan and verify.
 *
 * @returns undefined where it is not there.
 * @throws PkiError `ERR_STORE`, `ERR_CERTIFICATE`, `ERR_READ`.
 */
export function observeLeafValidity(
  reader: TreeReader,
  tree: string,
  path: CredentialPath,
): LeafValidity | undefined {
  const file = layout.leaf(tree, path);
  const content = reader.read(file);
  if (content === undefined) return undefined;
  const fields = parseLeafFields(content, file, path);
  requireEncrypted(fields); // nothing is ok about a private key in the clear
  const [der = Buffer.alloc(0)] = decodeCertificates(fields.text('certificate'));
  return {
    path,
    file,
    kind: fields.oneOf('kind', ['Certificate', 'Kubeconfig']),
    certificate: readValidity(der),
    issuedAt: fields.instant('issuedAt'),
    issuer: parseIssuer(fields, credentialParts(path).cluster),
    policy: {
      renewBefore: fields.duration('renewBefore'),
      jitter: fields.has('jitter') ? fields.duration('jitter') : 0,
    },
  };
}
