import type { DesiredBundle, DesiredKeyset, DesiredUnit } from '../../model/desired.ts';
import type { CredentialPath } from '../../model/names.ts';
import { findReferences } from '../../model/reference.ts';

/**
 * Files that no process holds: people's commands and kubeadm read them when they are used, and etcd reads its CRL at every handshake.
 */
const READ_WHEN_USED =
  /^etc\/kubernetes\/pki\/(?:etcd\/(?:ca\.(?:key|crl)|healthcheck-client\.(?:crt|key))|front-proxy-ca\.key)$/u;

/**
 * Who reads what a keyset changes and is no static pod of a node bundle, so that nobody can see from the cluster whether it has started
 * with it: sentences.
 */
export function unseenConsumers(
  { clusters, exports }: Pick<DesiredUnit, 'clusters' | 'exports'>,
  { path: keyset }: Pick<DesiredKeyset, 'path'>,
): string[] {
  const leaves = clusters
    .flatMap((cluster) => cluster.leaves)
    .filter((leaf) => leaf.issuer === keyset);
  const followed = new Set<CredentialPath>([keyset, ...leaves.map(({ path }) => path)]);
  const isFollowing = (text: string): boolean =>
    findReferences(text).some(({ credential }) => followed.has(credential));
  const delivered = new Set<CredentialPath>();
  const files = new Set<string>();
  for (const bundle of clusters.flatMap(({ bundles }) => bundles))
    for (const { path, content, isSeen } of filesOf(bundle)) {
      if (!isFollowing(content)) continue;
      if (!isSeen) files.add(`"/${path}" of ${bundle.node}`);
      for (const { credential } of findReferences(content)) delivered.add(credential);
    }
  const below = clusters.flatMap(({ authorities }) =>
    authorities.filter(({ issuer }) => issuer === keyset),
  );
  const manifests = clusters.flatMap((cluster) =>
    cluster.manifests.filter(({ template }) => isFollowing(JSON.stringify(template))),
  );
  return [
    ...[...files].map((file) => `whoever reads ${file}, which is no static pod`),
    ...manifests.map(({ path }) => `whoever reads ${path}.yaml`),
    ...leaves.filter(({ path }) => !delivered.has(path)).map(({ path }) => `whoever uses ${path}`),
    ...below.map(({ path }) => `whoever trusts ${path}, which is below it`),
    ...(exports.some((path) => followed.has(path)) ? ['other clusters that use it'] : []),
  ];
}

function* filesOf({ files }: DesiredBundle): Generator<{
  readonly path: string;
  readonly content: string;
  readonly isSeen: boolean;
}> {
  const read = new Set(files.flatMap(({ reads }) => reads));
  for (const { path, content } of files)
    yield { path, content, isSeen: read.has(path) || READ_WHEN_USED.test(path) };
}
