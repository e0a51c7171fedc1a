import { PkiError } from '../../../errors.ts';
import type { CredentialPath } from '../../../model/names.ts';
import type { ObservedEntry } from '../../../model/observed.ts';
import { namesIssuerCertificate } from '../../../x509/read/usages.ts';
import type { Clusters } from '../context.ts';

/**
 * A certificate that names the certificate of its issuer by name and serial number (RFC 5280 §4.2.1.1), as other programs make them, is
 * good under that one alone: OpenSSL refuses it under one for the same key that has another serial number. Go does not look.
 *
 * @param entry what is to be signed again, of the keyset `path`.
 * @throws PkiError `ERR_ROTATION` where one of these clusters has such a certificate of that entry.
 */
export function guardIssuerNames(
  clusters: Clusters,
  path: CredentialPath,
  entry: Pick<ObservedEntry, 'id'> | undefined,
): void {
  const stores = [...clusters.values()];
  const leaves = stores.flatMap((store) =>
    [...store.leaves.values()].flatMap((leaf) => ('unreadable' in leaf ? [] : [leaf])),
  );
  const authorities = stores.flatMap((store) =>
    [...store.keysets.values()].flatMap((keyset) =>
      keyset.entries.map((one) => ({ ...one, path: keyset.path })),
    ),
  );
  const names = [...leaves, ...authorities]
    .filter(({ issuer }) => issuer?.keyset === path && issuer.id === entry?.id)
    .filter(({ certificate }) => certificate !== null && namesIssuerCertificate(certificate))
    .map((one) => one.path);
  const [first, ...more] = names;
  if (first === undefined) return;
  throw new PkiError(
    'ERR_ROTATION',
    `"${first}"${more.length === 0 ? '' : ` and ${more.length} more`} would be refused: AuthorityKeyIdentifier has the serial number of the certificate that "${path}" has now`,
    {
      details: names.slice(0, 20),
      hint: [
        'issue leaves again, which then have no serial number in it: cdk8s-pki renew NAME',
        'rotate authorities below it: cdk8s-pki rotate CLUSTER KEYSET',
      ],
    },
  );
}
