import { credentialPath, type CredentialPath } from '../../model/names.ts';
import { layout } from '../../model/store/layout.ts';
import { requireHistory } from './git.ts';
import type { Revision } from './revision.ts';
import { broughtBy, KEYSET } from './stages.ts';

const UNDER_WAY = /state: "?(?:incoming|outgoing)\b/u;

/**
 * Since when a revision has its keysets that are between two stages there, and that the work tree has otherwise.
 *
 * @throws PkiError `ERR_READ` in a shallow clone, where nobody can tell.
 */
export async function observeSince(
  root: string,
  tree: string,
  { commit, reader, differing }: Revision,
): Promise<ReadonlyMap<CredentialPath, Date>> {
  const since = new Map<CredentialPath, Date>();
  const files = differing.flatMap((file) => {
    const [, cluster = '', keyset = ''] = KEYSET.exec(file) ?? [];
    const path = credentialPath(cluster, null, keyset);
    if (layout.keyset(tree, path) !== file) return [];
    const content = Buffer.from(reader.read(file) ?? '').toString('utf8');
    return UNDER_WAY.test(content) ? [{ file, path }] : [];
  });
  if (files.length === 0) return since;
  await requireHistory(root, 'since when a rotation stands where it does');
  for (const { file, path } of files) {
    const brought = await broughtBy(root, commit, file);
    if (brought !== undefined) since.set(path, brought.since);
  }
  return since;
}
