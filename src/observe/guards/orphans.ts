import { PkiError } from '../../errors.ts';
import type { DesiredCluster, DesiredFleet } from '../../model/desired.ts';
import { credentialParts, credentialPath, treePath } from '../../model/names.ts';
import type { ObservedCluster } from '../../model/observed.ts';
import type { TreeReader } from '../../model/ports.ts';
import { layout } from '../../model/store/layout.ts';
import { restoreHints } from '../../model/store/restore.ts';
import { hasStore } from '../cluster.ts';
import { guardMoved } from './moved.ts';

/**
 * A store without a declaration is never touched.
 *
 * @throws PkiError `ERR_ORPHANED` naming every cluster that is not declared; `ERR_STORE` for the folder of another one.
 */
export function guardOrphans(reader: TreeReader, fleet: DesiredFleet): void {
  const orphans = orphansOf(reader, fleet);
  if (orphans.length === 0) return;
  for (const name of orphans) guardMoved(reader, fleet.tree, name);
  throw orphanedClusters(reader, fleet, orphans);
}

/**
 * The same, each cluster by itself: what is wrong with one keeps nobody from the others.
 *
 * @throws PkiError `ERR_ORPHANED` for the tree of another declaration.
 */
export function orphanProblems(reader: TreeReader, fleet: DesiredFleet): Map<string, PkiError> {
  const orphans = orphansOf(reader, fleet);
  if (orphans.length > 0 && isForeign(reader, fleet))
    throw orphanedClusters(reader, fleet, orphans);
  return new Map(
    orphans.map((name) => {
      try {
        guardMoved(reader, fleet.tree, name);
        return [name, orphanedClusters(reader, fleet, [name])];
      } catch (error) {
        if (error instanceof PkiError) return [name, error];
        throw error;
      }
    }),
  );
}

function orphansOf(reader: TreeReader, { tree, clusters }: DesiredFleet): string[] {
  const declared = new Set(clusters.map(({ name }) => name));
  return reader
    .list(treePath(tree))
    .filter((name) => name.endsWith('/'))
    .map((name) => name.slice(0, -1))
    .filter((name) => !declared.has(name))
    .filter((name) => hasStore(reader, tree, name));
}

function isForeign(reader: TreeReader, { tree, clusters }: DesiredFleet): boolean {
  return !clusters.some(({ name }) => hasStore(reader, tree, name));
}

function orphanedClusters(
  reader: TreeReader,
  fleet: DesiredFleet,
  orphans: readonly string[],
): PkiError {
  return orphaned(
    orphans.map((name) => ['cluster', name]),
    isForeign(reader, fleet) ? 'nothing in the tree is of this declaration' : undefined,
  );
}

/**
 * The same within a declared cluster: its keysets and nodes.
 *
 * @throws PkiError `ERR_ORPHANED`; `ERR_KEYSET_STATE` where a keyset is of another kind than declared.
 */
export function guardClusterOrphans(
  tree: string,
  cluster: DesiredCluster,
  observed: ObservedCluster,
): void {
  const keysets = new Map(
    [...cluster.authorities, ...cluster.serviceAccountKeys].map(({ path, kind }) => [path, kind]),
  );
  for (const { path, kind } of observed.keysets.values()) {
    const declared = keysets.get(path);
    if (declared === undefined || declared === kind) continue;
    throw new PkiError(
      'ERR_KEYSET_STATE',
      `keyset "${path}" is a ${kind}, is declared a ${declared}`,
      { hint: 'give what is new another name' },
    );
  }
  const nodes = new Set(cluster.nodes.map(({ name }) => name));
  const storedNodes = new Set(
    [...observed.leaves.keys()].flatMap((path) => credentialParts(path).node ?? []),
  );
  const headless = [...storedNodes].find((node) =>
    keysets.has(credentialPath(cluster.name, null, node)),
  );
  if (headless !== undefined) {
    throw new PkiError(
      'ERR_KEYSET_STATE',
      `keyset "${cluster.name}/${headless}" has entries and no keyset.yaml`,
      {
        hint: restoreHints(layout.keyset(tree, credentialPath(cluster.name, null, headless))),
      },
    );
  }
  const orphans = [
    ...[...observed.keysets.keys()]
      .filter((path) => !keysets.has(path))
      .map((path) => ['keyset', path] as const),
    ...[...storedNodes]
      .filter((node) => !nodes.has(node))
      .map((node) => ['node', `${cluster.name}/${node}`] as const),
  ];
  if (orphans.length > 0) throw orphaned(orphans);
}

function orphaned(
  orphans: readonly (readonly [what: string, name: string])[],
  message = 'the tree has stores that the declaration does not know',
): PkiError {
  return new PkiError('ERR_ORPHANED', message, {
    details: orphans.map(([what, name]) => `${what} "${name}" has a store but no declaration`),
    hint: [
      'declare it again; a renamed cluster is a new cluster',
      "check that this is the declaration of this tree: 'cdk8s-pki plan --app FILE'",
      `to take it out of the tree for good: cdk8s-pki remove ${orphans[0]?.[1] ?? ''}`,
    ],
  });
}
