import type { PkiError } from '../errors.ts';
import { layout } from '../model/store/layout.ts';
import { credentialPath, treePath, type CredentialPath, type TreePath } from '../model/names.ts';
import type { ObservedCluster, ObservedKeyset } from '../model/observed.ts';
import type { TreeReader } from '../model/ports.ts';
import { storeError } from './fields.ts';
import { observeKeyset } from './keyset.ts';
import { observeLeaf } from './leaf.ts';

const LEAF = /^(.+)\.sops\.yaml$/u;

/** The names in a cluster's store. */
export interface StoreListing {
  readonly keysets: readonly CredentialPath[];
  readonly leaves: readonly CredentialPath[];
  /** Folders where documents should be. */
  readonly strays: readonly TreePath[];
}

/** Lists a cluster's store: folders with a `keyset.yaml` are keysets, the others are nodes. */
export function listStore(reader: TreeReader, tree: string, cluster: string): StoreListing {
  const folder = layout.store(tree, cluster);
  const keysets: CredentialPath[] = [];
  const strays: TreePath[] = [];
  const leaves: CredentialPath[] = leavesIn(reader, folder, cluster, null);
  for (const name of reader.list(folder)) {
    if (!name.endsWith('/')) continue;
    const child = name.slice(0, -1);
    const path = treePath(folder, child);
    if (LEAF.test(child)) strays.push(path);
    else if (reader.list(path).includes('keyset.yaml')) {
      keysets.push(credentialPath(cluster, null, child));
    } else leaves.push(...leavesIn(reader, path, cluster, child));
  }
  return { keysets, leaves, strays };
}

export function strayError(path: TreePath): PkiError {
  return storeError(path, 'it is a folder, not a document');
}

function leavesIn(
  reader: TreeReader,
  folder: TreePath,
  cluster: string,
  node: string | null,
): CredentialPath[] {
  return reader.list(folder).flatMap((name) => {
    const leaf = LEAF.exec(name)?.[1];
    return leaf === undefined ? [] : [credentialPath(cluster, node, leaf)];
  });
}

/**
 * Reads the store of a cluster, without an identity.
 *
 * @param foreign finds keysets of other clusters, for certificates that they issued.
 * @throws PkiError for a keyset that is not sound; leaves that are not come back as unreadable.
 */
export function observeCluster(
  reader: TreeReader,
  tree: string,
  name: string,
  foreign: (path: CredentialPath) => ObservedKeyset | undefined,
): ObservedCluster {
  const store = listStore(reader, tree, name);
  for (const path of store.strays) throw strayError(path);
  const keysets = new Map<CredentialPath, ObservedKeyset>();
  for (const path of store.keysets) {
    const keyset = observeKeyset(reader, tree, path);
    if (keyset !== undefined) keysets.set(path, keyset);
  }
  const leaves = store.leaves.flatMap((path) => {
    const leaf = observeLeaf(
      reader,
      tree,
      path,
      (issuer) => keysets.get(issuer) ?? foreign(issuer),
    );
    return leaf === undefined ? [] : [[path, leaf] as const];
  });
  return { name, keysets, leaves: new Map(leaves) };
}
