/** Part of a fleet: `index` of `total`, from 1. */
export interface Shard {
  readonly index: number;
  readonly total: number;
}

/** What of a fleet a run is about; all of it where nothing is said. */
export interface Selection {
  /** Globs of cluster names; `*` and `?` match within a name, all else is literal. */
  readonly clusters?: readonly string[];
  readonly shard?: Shard;
}

/** Whether a run is about clusters that belong together; mostly one. */
export type IsSelected = (clusters: readonly string[]) => boolean;

/**
 * Which clusters a selection means. A shard is a run of the names in their order, so that the ledgers of all shards, one after the
 * other, are the ledger of the whole. Clusters that refer to each other belong to the shard of the first of them.
 *
 * @param names all clusters of the fleet.
 */
export function selected({ clusters, shard }: Selection, names: readonly string[]): IsSelected {
  const matching = (name: string): boolean =>
    clusters === undefined || clusters.some((glob) => matches(glob, name));
  if (shard === undefined) return (unit) => unit.some(matching);
  const { index, total } = shard;
  const all = names.filter(matching).sort();
  const bound = (count: number): number => Math.floor((count * all.length) / total);
  const part = new Set(all.slice(bound(index - 1), bound(index)));
  return (unit) => {
    const [owner] = unit.filter(matching).sort();
    return owner !== undefined && part.has(owner);
  };
}

/** The first glob that matches none of `names`. */
export function unmatchedGlob(
  { clusters = [] }: Selection,
  names: readonly string[],
): string | undefined {
  return clusters.find((glob) => !names.some((name) => matches(glob, name)));
}

/** Whether a name means a credential: its path or the end of it, part by part; `*` and `?` match within a part. */
export function meansCredential(name: string, path: string): boolean {
  const globs = name.split('/');
  const parts = path.split('/').slice(-globs.length);
  return (
    parts.length === globs.length && globs.every((glob, index) => matches(glob, parts[index] ?? ''))
  );
}

/** By hand, since many stars in a regular expression take for ever: only the last star is ever tried again. */
function matches(glob: string, name: string): boolean {
  let [at, place] = [0, 0];
  let star: { readonly at: number; place: number } | undefined;
  while (place < name.length) {
    if (glob[at] === '*') {
      star = { at, place };
      at += 1;
    } else if (glob[at] === '?' || glob[at] === name[place]) {
      at += 1;
      place += 1;
    } else if (star !== undefined) {
      star.place += 1;
      at = star.at + 1;
      ({ place } = star);
    } else return false;
  }
  return /^\**$/u.test(glob.slice(at));
}
