import { readOwnBranch } from './branch.ts';
import type { PullRequest } from './forges/forge.ts';
import { changedFiles, readBlobs, type ProposedFile } from './git/objects.ts';
import type { Renewal } from './renewal.ts';

/** Files of open pull requests of ours, but for those that the base has changed since. */
export async function heldFiles(
  folder: string,
  base: string,
  open: readonly PullRequest[],
  heads: ReadonlyMap<string, string>,
  renewal: Pick<Renewal, 'isGenerated' | 'isMade'>,
): Promise<readonly ProposedFile[]> {
  const held: ProposedFile[] = [];
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
    for (const { path, blob } of files)
      held.push({ path, content: contents.get(blob ?? '') ?? null });
  }
  return held;
}
