import { readOwnBranch } from './branch.ts';
import type { PullRequest } from './forges/forge.ts';
import { changedFiles, readBlobs } from './git/objects.ts';
import { workOfBranch } from './policy.ts';
import type { Held, Renewal } from './renewal.ts';

/**
 * Open pull requests of ours.
 *
 * @param prefix of their branches, before the names of their works.
 */
export async function heldFiles(
  folder: string,
  base: string,
  prefix: string,
  open: readonly PullRequest[],
  heads: ReadonlyMap<string, string>,
  renewal: Pick<Renewal, 'isGenerated' | 'isMade'>,
): Promise<readonly Held[]> {
  const held: Held[] = [];
  for (const { branch } of open) {
    const head = heads.get(branch);
    const own = head === undefined ? head : await readOwnBranch(folder, head, base, renewal);
    if (own === undefined) continue;
    const moved = own.on === base ? [] : await changedFiles(folder, own.on, base);
    const hasMoved = new Set(moved.map(({ path }) => path));
    const files = own.files.filter(({ path }) => !hasMoved.has(path));
    const contents = await readBlobs(
      folder,
      files.flatMap(({ blob }) => blob ?? []),
    );
    held.push({
      name: workOfBranch(branch).slice(prefix.length),
      record: own.record,
      files: files.map(({ path, blob }) => ({ path, content: contents.get(blob ?? '') ?? null })),
    });
  }
  return held;
}
