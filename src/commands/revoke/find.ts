import { PkiError } from '../../errors.ts';
import type { CredentialPath } from '../../model/names.ts';
import type { ObservedKeyset } from '../../model/observed.ts';
import type { TreeReader } from '../../model/ports.ts';
import { layout } from '../../model/store/layout.ts';
import { restoreHints } from '../../model/store/restore.ts';
import type { RequestedRevocation } from '../../model/store/revocations.ts';
import type { RevocationReason } from '../../model/x509.ts';
import { observeKeyset } from '../../observe/keyset.ts';
import { observeLeaf } from '../../observe/leaf.ts';

/** What is to be revoked, and why. */
export interface Wanted {
  /** Leaves that are declared. */
  readonly leaves: readonly CredentialPath[];
  readonly reason: RevocationReason;
  readonly now: Date;
  /** Contents that stood before where leaves have their documents, of these and of others that are gone. */
  readonly past: ReadonlyMap<CredentialPath, readonly Uint8Array[]>;
}

/** The certificates that were found. */
export interface Found {
  /** By the authority that signed them. */
  readonly revocations: ReadonlyMap<CredentialPath, readonly RequestedRevocation[]>;
  /** Leaves that ever had one, good or not. */
  readonly leaves: ReadonlySet<CredentialPath>;
}

/**
 * The certificates of leaves: those in the tree, and those that git's history knows and that are still good. Whoever has the key of
 * one of them is who the leaf is. What no entry of the store signed is nobody's.
 *
 * @throws PkiError `ERR_STORE` for a declared leaf that is not there, or cannot be read.
 */
export function findCertificates(
  reader: TreeReader,
  tree: string,
  { leaves, reason, now, past }: Wanted,
): Found {
  const revokedAt = new Date(Math.floor(now.getTime() / 1000) * 1000);
  const found = new Map<CredentialPath, Map<string, RequestedRevocation>>();
  const known = new Set<CredentialPath>();
  const keysets = new Map<CredentialPath, ObservedKeyset | undefined>();
  const keysetOf = (path: CredentialPath): ObservedKeyset | undefined => {
    if (!keysets.has(path)) keysets.set(path, observeKeyset(reader, tree, path));
    return keysets.get(path);
  };
  const add = (credential: CredentialPath, source: TreeReader): boolean => {
    const leaf = observeLeaf(source, tree, credential, keysetOf);
    if (leaf === undefined || 'unreadable' in leaf) return false;
    known.add(credential);
    const { serialNumber, notAfter, subject, extendedKeyUsages } = leaf.certificate;
    const isCurrent = source === reader;
    if (!leaf.signedByIssuer || (!isCurrent && notAfter < now)) return true;
    const { keyset } = leaf.issuer;
    const certificate = { subject, extendedKeyUsages };
    const entry = { serialNumber, credential, revokedAt, reason, notAfter, certificate };
    found.set(
      keyset,
      (found.get(keyset) ?? new Map<string, RequestedRevocation>()).set(serialNumber, entry),
    );
    return true;
  };
  for (const path of leaves) if (!add(path, reader)) throw unreadable(tree, path);
  for (const [path, contents] of past)
    for (const content of contents) add(path, { read: () => content, list: () => [] });
  return {
    revocations: new Map([...found].map(([path, entries]) => [path, [...entries.values()]])),
    leaves: known,
  };
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
