import { posix } from 'node:path';
import { domainOf } from '../../catalog/rotation/domain.ts';
import type { DesiredCluster, Following, KeysetUser } from '../../model/desired.ts';
import { credentialParts, type CredentialPath } from '../../model/names.ts';
import { findReferences } from '../../model/reference.ts';
import { eachText, eachTextOf } from './imports.ts';

/** Whether a text changes with what it refers to. */
type IsFollowing = (text: string) => boolean;

/** How a cluster uses keysets of another folder. */
export function usersIn(cluster: DesiredCluster, folder: string): KeysetUser[] {
  const used = new Map<CredentialPath, Set<CredentialPath>>();
  const use = (path: CredentialPath): Set<CredentialPath> => {
    const issued = used.get(path) ?? new Set();
    used.set(path, issued);
    return issued;
  };
  const isForeign = (path: CredentialPath): boolean =>
    cluster.name !== folder && credentialParts(path).cluster === folder;
  for (const { path, issuer } of cluster.leaves) if (isForeign(issuer)) use(issuer).add(path);
  for (const { issuer } of cluster.authorities)
    if (issuer !== null && credentialParts(issuer).cluster === folder) use(issuer);
  eachTextOf(cluster, (text) => {
    for (const { credential } of findReferences(text)) if (isForeign(credential)) use(credential);
  });
  return [...used].map(([keyset, issued]) => userOf(cluster, keyset, issued));
}

function userOf(
  cluster: DesiredCluster,
  keyset: CredentialPath,
  issued: ReadonlySet<CredentialPath>,
): KeysetUser {
  const isKey = cluster.bundles.some(({ files }) =>
    files.some(({ content }) =>
      findReferences(content).some(
        ({ credential, part }) => credential === keyset && part === 'publicKeys',
      ),
    ),
  );
  // a kubeconfig has the trust bundle of its authority in it
  const isTrusting: IsFollowing = (text) =>
    findReferences(text).some(({ credential, part }) =>
      credential === keyset
        ? part === 'trustBundle' || part === 'publicKeys'
        : issued.has(credential) && part === 'content',
    );
  const isIssued: IsFollowing = (text) =>
    findReferences(text).some(({ credential }) => credential === keyset || issued.has(credential));
  const nodes = cluster.bundles.filter(({ files }) => files.some((file) => isIssued(file.content)));
  return {
    keyset,
    cluster: cluster.name,
    domain: domainOf(cluster, {
      kind: isKey ? 'ServiceAccountKey' : 'CertificateAuthority',
      path: keyset,
    }),
    nodes: nodes.map(({ node }) => node).sort(),
    authorities: cluster.authorities
      .filter(({ issuer }) => issuer === keyset)
      .map(({ name }) => name)
      .sort(),
    trusting: following(cluster, issued, isTrusting),
    issued: following(cluster, issued, isIssued),
  };
}

function following(
  { bundles, leaves, manifests }: DesiredCluster,
  issued: ReadonlySet<CredentialPath>,
  isFollowing: IsFollowing,
): Following {
  const files = new Set<string>();
  const pods = new Set<string>();
  for (const bundle of bundles) {
    const changed = new Set(
      bundle.files.filter(({ content }) => isFollowing(content)).map(({ path }) => path),
    );
    for (const path of changed) files.add(path);
    for (const { path, reads } of bundle.files)
      if (reads.some((read) => changed.has(read)))
        pods.add(posix.basename(path).replace(/(?:\+strategic)?\.yaml$/u, ''));
  }
  return {
    files: [...files].sort(),
    pods: [...pods].sort(),
    kubeconfigs: leaves
      .filter(({ kind, node, path }) => kind === 'Kubeconfig' && node === null && issued.has(path))
      .map(({ name }) => name)
      .sort(),
    manifests: manifests
      .filter(({ template }) => {
        const texts: string[] = [];
        eachText(template, (text) => {
          texts.push(text);
        });
        return texts.some(isFollowing);
      })
      .map(({ path }) => path)
      .sort(),
  };
}
