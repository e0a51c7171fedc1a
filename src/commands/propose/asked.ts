import { credentialPath, type CredentialPath, type TreePath } from '../../model/names.ts';
import { layout } from '../../model/store/layout.ts';
import type { TreeReader } from '../../model/ports.ts';

/** As the store is written; whoever writes it otherwise is not this program. */
const FIELD = /^(kind|cluster|node|name|issuedAt|reason): "?([^\s"]+)"?$/gmu;

/**
 * The leaf that a document was issued for because somebody asked for it, where the base has not this very one: what is not due stays
 * proposed until people decide. The document itself says so, and its branch is ours.
 *
 * @param file of the working directory.
 */
export function askedFor(
  base: TreeReader,
  tree: string,
  file: TreePath,
  content: string,
): CredentialPath | undefined {
  const { cluster = '', node = null, name = '', reason, issuedAt } = fieldsOf(content);
  if (reason !== 'Requested' || cluster === '' || name === '') return undefined;
  const path = credentialPath(cluster, node, name);
  if (layout.leaf(tree, path) !== file) return undefined;
  const before = fieldsOf(Buffer.from(base.read(file) ?? '').toString('utf8'));
  return before.issuedAt === issuedAt ? undefined : path;
}

function fieldsOf(text: string): Partial<Record<string, string>> {
  return Object.fromEntries([...text.matchAll(FIELD)].map(([, name = '', value]) => [name, value]));
}
