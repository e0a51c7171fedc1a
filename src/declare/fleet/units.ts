import { SHARED } from '../../model/store/layout.ts';
import { credentialParts, type CredentialPath } from '../../model/names.ts';

/** What each cluster uses of others: credential paths outside it. Clusters that use nothing may be left out. */
export type Imports = ReadonlyMap<string, ReadonlySet<CredentialPath>>;

export interface UnitPlan {
  readonly clusters: readonly string[];
  /** Credentials of other units that this one uses. */
  readonly imports: readonly CredentialPath[];
  /** Credentials of this unit that others use. */
  readonly exports: readonly CredentialPath[];
}

/**
 * Groups clusters that use each other in a circle and orders the groups so that what is used comes first: Tarjan's strongly
 * connected components, whose order is a reverse topological one.
 */
export function planUnits(clusters: readonly string[], imports: Imports): UnitPlan[] {
  const known = new Set(clusters);
  const usedOf = (name: string): string[] => [
    ...new Set(
      [...(imports.get(name) ?? [])]
        .map((path) => credentialParts(path).cluster)
        .filter((other) => other !== name && known.has(other)),
    ),
  ];
  const exported = new Map<string, Set<CredentialPath>>();
  for (const paths of imports.values())
    for (const path of paths) {
      const { cluster } = credentialParts(path);
      exported.set(cluster, (exported.get(cluster) ?? new Set()).add(path));
    }

  const components = connected([...clusters].sort(sharedFirst), usedOf);
  return components.map((names) => ({
    clusters: names,
    imports: importsOfUnit(names, imports),
    exports: names.flatMap((name) => [...(exported.get(name) ?? [])].sort()),
  }));
}

function importsOfUnit(names: readonly string[], imports: Imports): CredentialPath[] {
  const used = new Set(names.flatMap((name) => [...(imports.get(name) ?? [])]));
  return [...used].filter((path) => !names.includes(credentialParts(path).cluster)).sort();
}

const sharedFirst = (a: string, b: string): number => Number(b === SHARED) - Number(a === SHARED);

function connected(
  names: readonly string[],
  usedOf: (name: string) => readonly string[],
): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const open = new Set<string>();
  const components: string[][] = [];
  const visit = (name: string): void => {
    const own = index.size;
    index.set(name, own);
    low.set(name, own);
    stack.push(name);
    open.add(name);
    for (const used of usedOf(name)) {
      if (!index.has(used)) visit(used);
      if (open.has(used)) low.set(name, Math.min(low.get(name) ?? own, low.get(used) ?? own));
    }
    if (low.get(name) !== own) return;
    const component = stack.splice(stack.indexOf(name));
    for (const member of component) open.delete(member);
    components.push(component.sort());
  };
  for (const name of names) if (!index.has(name)) visit(name);
  return components;
}
