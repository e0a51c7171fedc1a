import { credentialPath, type CredentialPath } from '../../../model/names.ts';
import { pastChanges, pastContents, type Change } from './changes.ts';

/**
 * Every content that stood in a commit up to HEAD where a leaf of a cluster has its document, by the leaf, each once. Entries of
 * keysets, whose documents lie as those of a node's leaves, are among them.
 *
 * @param isWanted says of which leaves.
 * @throws PkiError `ERR_READ` in a shallow clone, which has no more than a part of the history.
 */
export async function observePastLeaves(
  root: string,
  cluster: string,
  isWanted: (path: CredentialPath) => boolean,
): Promise<ReadonlyMap<CredentialPath, readonly Uint8Array[]>> {
  const what = `which certificates "${cluster}" had before`;
  const changes = await pastChanges(root, [`**/${cluster}/pki/**/*.sops.yaml`], what);
  const byLeaf = new Map<CredentialPath, Change[]>();
  for (const change of changes) {
    const leaf = leafAt(cluster, change.path);
    if (leaf === undefined || !isWanted(leaf)) continue;
    byLeaf.set(leaf, [...(byLeaf.get(leaf) ?? []), change]);
  }
  const past = new Map<CredentialPath, readonly Uint8Array[]>();
  for (const [leaf, own] of byLeaf) past.set(leaf, await contentsOf(root, own));
  return past;
}

/** The leaf whose document lies at a path, whatever name the tree had. */
function leafAt(cluster: string, path: string): CredentialPath | undefined {
  const store = `/${cluster}/pki/`;
  const place = path.slice(`/${path}`.lastIndexOf(store) + store.length - 1);
  const [name = '', node = null, ...rest] = place
    .replace(/\.sops\.yaml$/u, '')
    .split('/')
    .reverse();
  return rest.length === 0 ? credentialPath(cluster, node, name) : undefined;
}

async function contentsOf(root: string, changes: readonly Change[]): Promise<Uint8Array[]> {
  const contents: Uint8Array[] = [];
  for await (const [, content] of pastContents(root, changes)) contents.push(content);
  return contents;
}
