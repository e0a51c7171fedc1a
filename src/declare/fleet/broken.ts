import { chartName } from '../../catalog/names/tree-name.ts';
import type { BrokenCluster, DeclarationProblem } from '../../model/desired.ts';
import { isShared, type Fleet, type Folder } from './collect.ts';

/**
 * Problems by the cluster that has them, so that they need not keep anybody from the others. Undefined where one is of the whole fleet:
 * of the App, of what is shared, of a name that two clusters have or that is none.
 */
export function brokenClusters(
  { folders }: Fleet,
  problems: readonly DeclarationProblem[],
): readonly BrokenCluster[] | undefined {
  const broken = new Map<string, DeclarationProblem[]>();
  for (const problem of problems) {
    const [folder, ...more] = folders.filter((candidate) => holds(candidate, problem));
    if (folder === undefined || more.length > 0 || !hasNameOfItsOwn(folder, folders))
      return undefined;
    broken.set(folder.name, [...(broken.get(folder.name) ?? []), problem]);
  }
  return [...broken].map(([cluster, own]) => ({ cluster, problems: own }));
}

function holds(folder: Folder, { constructPath }: DeclarationProblem): boolean {
  const { path } = folder.construct.node;
  return !isShared(folder) && (constructPath === path || constructPath.startsWith(`${path}/`));
}

function hasNameOfItsOwn({ name }: Folder, folders: readonly Folder[]): boolean {
  const same = folders.filter((other) => other.name === name);
  return same.length === 1 && chartName(name).problem === undefined;
}
