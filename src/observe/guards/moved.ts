import { PkiError } from '../../errors.ts';
import { treePath, type TreePath } from '../../model/names.ts';
import type { TreeReader } from '../../model/ports.ts';
import { layout } from '../../model/store/layout.ts';
import { moveBack } from '../../model/store/restore.ts';
import { hasStore, storeFiles } from '../cluster.ts';

/** As the store is written; a document that is written otherwise says nothing of its owner. */
const FIELD = /^(kind|cluster|node|name): "?([^\s"]+)"?\r?$/gmu;

/** Kinds of documents that lie in the folder of their keyset; the others lie in that of their node. */
const IN_KEYSETS = new Set(['Keyset', 'CertificateAuthority', 'ServiceAccountKey']);

/**
 * A folder that was renamed still holds the keys of its owner: it is no store of its new name, and nobody may remove it as one.
 *
 * @param member of the cluster, a node or a keyset; null for all of it.
 * @throws PkiError `ERR_STORE` naming the owner that the documents name.
 */
export function guardMoved(
  reader: TreeReader,
  tree: string,
  cluster: string,
  member: string | null = null,
): void {
  const name = member === null ? cluster : `${cluster}/${member}`;
  const files = storeFiles(reader, tree, cluster).filter(
    ({ owner }) => member === null || owner === member,
  );
  for (const { file } of files) {
    const owner = ownerOf(reader, file, member !== null);
    if (owner === undefined || owner === name) continue;
    const [home = '', part] = owner.split('/');
    const folder = (of: string, below: string | null = null): TreePath =>
      below === null ? layout.cluster(tree, of) : treePath(layout.store(tree, of), below);
    const [from, to] = [folder(cluster, member), folder(home, part ?? null)];
    const isCopy = part === undefined ? hasStore(reader, tree, home) : reader.list(to).length > 0;
    throw new PkiError('ERR_STORE', `"${from}" holds the store of "${owner}": "${file}" says so`, {
      hint: [
        isCopy
          ? `it is a copy, "${to}" is there as well: delete the copy: rm -r '${from}'`
          : `move it back: ${moveBack(from, to)}`,
        'what is renamed is new: declare the new name beside the old one, and remove the old one once nothing needs it',
      ],
    });
  }
}

/** Undefined where the document cannot be read, or does not say. */
function ownerOf(reader: TreeReader, file: TreePath, isMember: boolean): string | undefined {
  const fields = new Map<string, string>();
  for (const [, field = '', value = ''] of textOf(reader, file).matchAll(FIELD)) {
    if (!fields.has(field)) fields.set(field, value);
  }
  const cluster = fields.get('cluster');
  if (!isMember || cluster === undefined) return cluster;
  const member = fields.get(IN_KEYSETS.has(fields.get('kind') ?? '') ? 'name' : 'node');
  return member === undefined ? undefined : `${cluster}/${member}`;
}

function textOf(reader: TreeReader, file: TreePath): string {
  try {
    return Buffer.from(reader.read(file) ?? '').toString('utf8');
  } catch (error) {
    if (error instanceof PkiError && error.code === 'ERR_STORE') return '';
    throw error;
  }
}
