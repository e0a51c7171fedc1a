/** As commander has it for commands and options. */
const MOST_CHANGES = 3;
const LEAST_LIKENESS = 0.4;

/** Hints for a name that is not one of `names`: the most similar one, where there is one, and what there is. */
export function nameHints(word: string, what: string, names: readonly string[]): string[] {
  const similar = mostSimilar(word, names);
  return [
    ...(similar === undefined ? [] : [`did you mean ${similar}?`]),
    `${what} are: ${listed(names)}`,
  ];
}

const MOST_LISTED = 20;

function listed(names: readonly string[]): string {
  const rest = names.length - MOST_LISTED;
  return names.slice(0, MOST_LISTED).join(', ') + (rest > 0 ? ` and ${rest} more` : '') || 'none';
}

function mostSimilar(word: string, names: readonly string[]): string | undefined {
  let best: { name: string; changes: number } | undefined;
  for (const name of names) {
    if (Math.abs(name.length - word.length) > MOST_CHANGES) continue;
    const changes = distance(word, name);
    const likeness = 1 - changes / Math.max(word.length, name.length);
    if (changes > MOST_CHANGES || likeness < LEAST_LIKENESS) continue;
    if (best === undefined || changes < best.changes) best = { name, changes };
  }
  return best?.name;
}

/** Letters added, left out, replaced or swapped with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        (rows[i - 1]?.[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (rows[i - 1]?.[j - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (rows[i - 2]?.[j - 2] ?? 0) + 1 : Infinity,
      );
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}
