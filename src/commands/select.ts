import { PkiError } from '../errors.ts';

/**
 * Which names the `--cluster` globs mean; all where there are none. `*` and `?` match within a name, all else is literal.
 *
 * @throws PkiError `ERR_USAGE` for a glob that matches none of `names`.
 */
export function selectClusters(
  globs: readonly string[] | undefined,
  names: readonly string[],
): (name: string) => boolean {
  if (globs === undefined) return () => true;
  const patterns = globs.map(globPattern);
  for (const [index, pattern] of patterns.entries()) {
    if (names.some((name) => pattern.test(name))) continue;
    throw new PkiError('ERR_USAGE', `--cluster "${globs[index] ?? ''}" matches no cluster`, {
      hint: `clusters are: ${listed(names)}`,
    });
  }
  return (name) => patterns.some((pattern) => pattern.test(name));
}

function globPattern(glob: string): RegExp {
  const literal = glob.replaceAll(/[.+^${}()|[\]\\]/gu, String.raw`\$&`);
  return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'u');
}

function listed(names: readonly string[]): string {
  const most = 20;
  const rest = names.length - most;
  return names.slice(0, most).join(', ') + (rest > 0 ? ` and ${rest} more` : '') || 'none';
}
