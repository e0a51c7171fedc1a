import { WORKERS } from '../catalog/names/tree-name.ts';
import type { BrokenCluster, DesiredCluster, DesiredFleet, DesiredUnit } from '../model/desired.ts';
import { credentialParts, credentialPath } from '../model/names.ts';
import { selected, type IsSelected, type Selection } from '../model/selection.ts';
import { ShapeError } from './shape.ts';

/** Checks that units are of the fleet that was announced, each cluster once, the selected ones all, and that paths say what their members say. */
export class Consistency {
  readonly #expected: Map<string, boolean>;

  readonly #isSelected: IsSelected;

  constructor(
    { clusters }: DesiredFleet,
    selection: Selection = {},
    broken: readonly BrokenCluster[] = [],
  ) {
    this.#isSelected = selected(
      selection,
      clusters.map(({ name }) => name),
    );
    this.#expected = new Map(clusters.map(({ name, hasStore }) => [name, hasStore]));
    if (this.#expected.size !== clusters.length)
      throw new ShapeError('fleet', 'free of duplicates');
    for (const { cluster, problems } of broken)
      if (!this.#expected.delete(cluster) || problems.length === 0)
        throw new ShapeError(`cluster "${cluster}"`, 'one that was announced, with problems');
  }

  unit({ clusters }: DesiredUnit): void {
    for (const cluster of clusters) {
      if (this.#expected.get(cluster.name) !== cluster.hasStore)
        throw new ShapeError(`cluster "${cluster.name}"`, 'one that was announced');
      this.#expected.delete(cluster.name);
      checkCluster(cluster);
    }
  }

  end(): void {
    for (const name of this.#expected.keys())
      if (this.#isSelected([name])) throw new ShapeError(`cluster "${name}"`, 'handed over');
  }
}

function checkCluster(cluster: DesiredCluster): void {
  const keysets = [...cluster.authorities, ...cluster.serviceAccountKeys];
  const credentials = [...keysets.map((keyset) => ({ ...keyset, node: null })), ...cluster.leaves];
  const nodes = new Set(cluster.nodes.map(({ name }) => name));
  for (const { path, name, node, cluster: owner } of credentials)
    if (owner !== cluster.name || path !== credentialPath(owner, node, name))
      throw new ShapeError(path, `a credential of cluster "${cluster.name}"`);
  if (!cluster.hasStore && credentials.length > 0)
    throw new ShapeError(`cluster "${cluster.name}"`, 'one that may hold credentials');
  const folders = [...keysets.map(({ name }) => name), ...nodes];
  unique('a folder of the store', folders);
  unique(
    'a credential',
    credentials.map(({ path }) => path),
  );
  unique(
    'a manifest',
    cluster.manifests.map(({ path }) => path.toLowerCase()),
  );
  unique(
    'a node bundle',
    cluster.bundles.map(({ node }) => node),
  );
  for (const { node, files } of cluster.bundles) {
    if (!nodes.has(node) && node !== WORKERS)
      throw new ShapeError(`bundle "${node}"`, 'of a known node');
    const paths = new Set(files.map(({ path }) => path));
    for (const file of files)
      if (file.reads.some((path) => path === file.path || !paths.has(path)))
        throw new ShapeError(`reads of "${file.path}"`, 'of files of its bundle');
    unique(`a file of node "${node}"`, [
      'bundle.yaml',
      ...files.map(({ path }) => path.toLowerCase()),
    ]);
  }
  for (const { issuer } of [...cluster.authorities, ...cluster.leaves])
    if (issuer !== null && credentialParts(issuer).node !== null)
      throw new ShapeError(issuer, 'a keyset');
}

function unique(what: string, values: readonly string[]): void {
  const seen = new Set<string>();
  for (const value of values) {
    if (seen.has(value)) throw new ShapeError(JSON.stringify(value), `used once as ${what}`);
    seen.add(value);
  }
}
