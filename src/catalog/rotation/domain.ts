import type { DesiredCluster, DesiredKeyset } from '../../model/desired.ts';
import { formatReference } from '../../model/reference.ts';
import type { TrustDomain } from '../../model/store/rotation.ts';
import { AUTHORITIES } from '../authorities.ts';

/** What a keyset is for, told from the files of its own cluster's nodes: an authority may have any name. */
export function domainOf(
  { bundles }: Pick<DesiredCluster, 'bundles'>,
  { kind, path }: Pick<DesiredKeyset, 'kind' | 'path'>,
): TrustDomain {
  if (kind === 'ServiceAccountKey') return 'service-account-key';
  const content = formatReference({ credential: path, part: 'trustBundle', form: 'pem' });
  const files = new Set(
    bundles.flatMap((bundle) =>
      bundle.files.filter((file) => file.content === content).map((file) => file.path),
    ),
  );
  const row = AUTHORITIES.find(({ baseFile }) => files.has(`etc/kubernetes/pki/${baseFile}.crt`));
  return row?.name ?? 'authority';
}
