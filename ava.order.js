/**
 * Sorts test files for ava: those that take longest begin, so that none of them runs alone at the end.
 *
 * @param {readonly string[]} first parts of their paths
 * @returns {(one: string, other: string) => number}
 */
export function longestFirst(first) {
  /** @param {string} file */
  const rank = (file) => {
    const found = first.findIndex((part) => file.includes(part));
    return found === -1 ? first.length : found;
  };
  return (one, other) => rank(one) - rank(other) || one.localeCompare(other);
}
