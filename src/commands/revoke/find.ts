import { PkiError } from '../../errors.ts';
import type { CredentialPath } from '../../model/names.ts';
import type { ObservedKeyset } from '../../model/observed.ts';
import type { TreeReader } from '../../model/ports.ts';
import { layout } from '../../model/store/layout.ts';
import { restoreHints } from '../../model/store/restore.ts';
import type { Revocation } from '../../model/store/revocations.ts';
import type { RevocationReason } from '../../model/x509.ts';
import { observeKeyset } from '../../observe/keyset.ts';
import { observeLeaf } from '../../observe/leaf.ts';

/** What is to be revoked, and why. */
export interface Wanted {
  readonly leaves: readonly CredentialPath[];
  readonly reason: RevocationReason;
  readonly now: Date;
  /** Contents that the document of a leaf had before. */
  readonly past: (path: CredentialPath) => Promise<readonly Uint8Array[]>;
}

/**
 * The certificates of leaves, by the authority that signed them: the one in the tree, and those that git's history knows and that
 * are still good. Whoever has the key of one of them is who the leaf is. What no entry of the store signed is nobody's.
 *
 * @throws PkiError `ERR_STORE` for a leaf that is not there, or cannot be read.
 */
export async function findCertificates(
  reader: TreeReader,
  tree: string,
  { leaves, reason, now, past }: Wanted,
): Promise<ReadonlyMap<CredentialPath, readonly Revocation[]>> {
  const revokedAt = new Date(Math.floor(now.getTime() / 1000) * 1000);
  const found = new Map<CredentialPath, Map<string, Revocation>>();
  const keysets = new Map<CredentialPath, ObservedKeyset | undefined>();
  const keysetOf = (path: CredentialPath): ObservedKeyset | undefined => {
    if (!keysets.has(path)) keysets.set(path, observeKeyset(reader, tree, path));
    return keysets.get(path);
  };
  const add = (credential: CredentialPath, source: TreeReader): boolean => {
    const leaf = observeLeaf(source, tree, credential, keysetOf);
    if (leaf === undefined || 'unreadable' in leaf) return false;
    const { serialNumber, notAfter } = leaf.certificate;
    const isCurrent = source === reader;
    if (!leaf.signedByIssuer || (!isCurrent && notAfter < now)) return true;
    const { keyset } = leaf.issuer;
    const entry = { serialNumber, credential, revokedAt, reason, notAfter };
    found.set(
      keyset,
      (found.get(keyset) ?? new Map<string, Revocation>()).set(serialNumber, entry),
    );
    return true;
  };
  for (const path of leaves) {
    if (!add(path, reader)) throw unreadable(tree, path);
    for (const content of await past(path)) add(path, { read: () => content, list: () => [] });
  }
  return new Map([...found].map(([path, entries]) => [path, [...entries.values()]]));
}

function unreadable(tree: string, path: CredentialPath): PkiError {
  const file = layout.leaf(tree, path);
  return new PkiError(
    'ERR_STORE',
    `"${file}" cannot be read: nobody knows which serial number it has`,
    {
      hint: restoreHints(file),
    },
  );
}
