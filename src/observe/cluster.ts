import type { PkiError } from '../errors.ts';
import { layout, REVOCATIONS } from '../model/store/layout.ts';
import {
  credentialParts,
  credentialPath,
  treePath,
  type CredentialPath,
  type TreePath,
} from '../model/names.ts';
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

/** Whether a cluster's folder holds documents of a store; other files in it are the user's. */
export function hasStore(reader: TreeReader, tree: string, cluster: string): boolean {
  const { keysets, leaves } = listStore(reader, tree, cluster);
  return keysets.length + leaves.length > 0;
}

/** The files of a store, sound or not, by the node or keyset in whose folder they are: null for those in none. */
export function storeFiles(
  reader: TreeReader,
  tree: string,
  cluster: string,
): { readonly owner: string | null; readonly file: TreePath }[] {
  const { keysets, leaves } = listStore(reader, tree, cluster);
  return [
    ...leaves.map((path) => ({ owner: credentialParts(path).node, file: layout.leaf(tree, path) })),
    ...keysets.flatMap((path) => [
      { owner: credentialParts(path).name, file: layout.keyset(tree, path) },
      ...entriesOf(reader, tree, path).map(({ file }) => ({
        owner: credentialParts(path).name,
        file,
      })),
    ]),
  ];
}

/**
 * Reads the store of a cluster, without an identity.
 *
 * @param foreign finds keysets of other clusters, for certificates that they issued.
 * @param isReplaced whether a keyset is made anew on purpose; told what is there, undefined where that is not sound.
 * @throws PkiError for a keyset that is not sound; leaves that are not come back as unreadable.
 */
export function observeCluster(
  reader: TreeReader,
  tree: string,
  name: string,
  foreign: (path: CredentialPath) => ObservedKeyset | undefined,
  isReplaced: (path: CredentialPath, observe: () => ObservedKeyset | undefined) => boolean = () =>
    false,
): ObservedCluster {
  const store = listStore(reader, tree, name);
  for (const path of store.strays) throw strayError(path);
  const keysets = new Map<CredentialPath, ObservedKeyset>();
  const replaced = new Set<CredentialPath>();
  for (const path of store.keysets) {
    const observe = (): ObservedKeyset | undefined => observeKeyset(reader, tree, path);
    if (isReplaced(path, observe)) {
      replaced.add(path);
      continue;
    }
    const keyset = observe();
    if (keyset !== undefined) keysets.set(path, keyset);
  }
  for (const path of new Set(store.leaves.flatMap((leaf) => keysetOfLeaf(leaf) ?? []))) {
    if (isReplaced(path, () => undefined)) replaced.add(path);
  }
  const kept = store.leaves.filter((path) => !replaced.has(keysetOfLeaf(path) ?? path));
  const leaves = kept.flatMap((path) => {
    const leaf = observeLeaf(
      reader,
      tree,
      path,
      (issuer) => keysets.get(issuer) ?? foreign(issuer),
    );
    return leaf === undefined ? [] : [[path, leaf] as const];
  });
  return {
    name,
    keysets,
    leaves: new Map(leaves),
    replaced: [...replaced].flatMap((path) => entriesOf(reader, tree, path)),
  };
}

/** The keyset whose entry a document would be; a folder without `keyset.yaml` looks like that of a node. */
function keysetOfLeaf(path: CredentialPath): CredentialPath | undefined {
  const { cluster, node } = credentialParts(path);
  return node === null ? undefined : credentialPath(cluster, null, node);
}

/** The entries in a keyset's folder, listed or not, and the record of what they revoked. */
function entriesOf(
  reader: TreeReader,
  tree: string,
  path: CredentialPath,
): { readonly path: CredentialPath; readonly file: TreePath }[] {
  const { cluster, name } = credentialParts(path);
  return reader.list(treePath(layout.store(tree, cluster), name)).flatMap((file) => {
    if (file === REVOCATIONS) return [{ path, file: layout.revocations(tree, path) }];
    const id = LEAF.exec(file)?.[1];
    return id === undefined ? [] : [{ path, file: layout.entry(tree, path, id) }];
  });
}
