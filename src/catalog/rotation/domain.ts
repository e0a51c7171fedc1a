import type { DesiredCluster, DesiredKeyset } from '../../model/desired.ts';
import { formatReference } from '../../model/reference.ts';
import type { TrustDomain } from '../../model/store/rotation.ts';
import { AUTHORITIES } from '../authorities.ts';

/** Below `etc/kubernetes/pki`: who speaks to etcd, and who is a member. */
const ETCD_CLIENT = 'apiserver-etcd-client';
const ETCD_MEMBER = 'etcd/server';

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
  const row = AUTHORITIES.find(({ baseFile }) => files.has(certificateFile(baseFile)));
  if (row?.name === 'etcd-ca' && has(ETCD_CLIENT) && !has(ETCD_MEMBER)) return 'external-etcd-ca';
  return row?.name ?? 'authority';

  function has(baseFile: string): boolean {
    const path = certificateFile(baseFile);
    return bundles.some((bundle) => bundle.files.some((file) => file.path === path));
  }
}

const certificateFile = (baseFile: string): string => `etc/kubernetes/pki/${baseFile}.crt`;
