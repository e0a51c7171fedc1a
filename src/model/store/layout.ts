import { credentialParts, treePath, type CredentialPath, type TreePath } from '../names.ts';

/** What an authority revoked, in the folder of its keyset. */
export const REVOCATIONS = 'revocations.yaml';

/** Where everything lies below the tree's folder (DESIGN §2): the one place that knows file names. */
export const layout = {
  ledger: (tree: string): TreePath => treePath(tree, 'authorities.yaml'),
  cluster: (tree: string, cluster: string): TreePath => treePath(tree, cluster),
  store: (tree: string, cluster: string): TreePath => treePath(tree, cluster, 'pki'),
  leaf: (tree: string, path: CredentialPath): TreePath => {
    const { cluster, node, name } = credentialParts(path);
    return treePath(tree, cluster, 'pki', ...(node === null ? [] : [node]), `${name}.sops.yaml`);
  },
  keyset: (tree: string, path: CredentialPath): TreePath => {
    const { cluster, name } = credentialParts(path);
    return treePath(tree, cluster, 'pki', name, 'keyset.yaml');
  },
  revocations: (tree: string, path: CredentialPath): TreePath => {
    const { cluster, name } = credentialParts(path);
    return treePath(tree, cluster, 'pki', name, REVOCATIONS);
  },
  entry: (tree: string, path: CredentialPath, id: string): TreePath => {
    const { cluster, name } = credentialParts(path);
    return treePath(tree, cluster, 'pki', name, `${id}.sops.yaml`);
  },
  kubeconfig: (tree: string, path: CredentialPath): TreePath => {
    const { cluster, name } = credentialParts(path);
    return treePath(tree, cluster, 'kubeconfigs', `${name}.conf`);
  },
  node: (tree: string, cluster: string, node: string): TreePath =>
    treePath(tree, cluster, 'nodes', node),
  bundle: (tree: string, cluster: string, node: string): TreePath =>
    treePath(tree, cluster, 'nodes', node, 'bundle.yaml'),
  inventory: (tree: string, cluster: string): TreePath => treePath(tree, cluster, 'inventory.json'),
  inventoryPage: (tree: string, cluster: string): TreePath =>
    treePath(tree, cluster, 'INVENTORY.md'),
  rotationPage: (tree: string, cluster: string): TreePath => treePath(tree, cluster, 'ROTATION.md'),
} as const;

/** The cluster folder of authorities that are declared under the App. */
export const SHARED = '_shared';

/** The folder of the tree that a file is in: a cluster's name, a chart's, or `SHARED`; null for a file of the fleet. */
export function clusterOfFile(tree: string, file: string): string | null {
  if (!file.startsWith(`${tree}/`)) return null;
  const [cluster = '', ...rest] = file.slice(tree.length + 1).split('/');
  return rest.length === 0 ? null : cluster;
}

export const STORE_API_VERSION = 'cdk8s-pki/v1';

/** Keys of a store document that are encrypted. */
export const STORE_SELECTOR = '^privateKey$';
