import type { KeyObject } from 'node:crypto';
import { PkiError, type ErrorCode } from '../../../errors.ts';
import type { Signer } from '../../../issue/signer.ts';
import type { JsonObject } from '../../../model/made/tree.ts';
import type { CredentialPath, TreePath } from '../../../model/names.ts';
import type { ObservedKeyset } from '../../../model/observed.ts';
import type { TreeReader } from '../../../model/ports.ts';
import type { PlannedCrl } from '../../../model/store/revocations.ts';
import { NEW_ENTRY } from '../../../model/store/rotation.ts';
import type { Cipher } from '../../../sops/cipher.ts';
import { readPrivateKey, spkiHash } from '../../../x509/read/key.ts';
import type { Clusters, Foreign } from '../context.ts';
import { restoreHints } from '../../../model/store/restore.ts';

/** Where a private key lies, and whose it must be. */
interface Place {
  readonly file: TreePath;
  readonly spki: string;
}

/**
 * Opens private keys of the store with the identity that `cipher` holds.
 *
 * @returns PEM by credential; of a keyset the key of its issuing entry.
 * @throws PkiError as the cipher does; `ERR_KEY` where a key is not that of the certificate beside it.
 */
export async function openKeys(
  paths: Iterable<CredentialPath>,
  state: { readonly clusters: Clusters; readonly foreign: Foreign; readonly reader: TreeReader },
  cipher: Cipher,
): Promise<Map<CredentialPath, string>> {
  const keys = new Map<CredentialPath, string>();
  for (const path of paths) {
    const place = placeOf(path, state.clusters, state.foreign);
    keys.set(path, await openKey(place, state.reader, cipher));
  }
  return keys;
}

/** Opens the private keys of a keyset's entries, by their id; but for one that is still to be made. */
export async function openEntries(
  { entries }: ObservedKeyset,
  reader: TreeReader,
  cipher: Cipher,
): Promise<Map<string, KeyObject>> {
  const keys = new Map<string, KeyObject>();
  for (const entry of entries) {
    if (entry.id === NEW_ENTRY) continue;
    keys.set(entry.id, readPrivateKey(await openKey(entry, reader, cipher)));
  }
  return keys;
}

/** The outgoing entry that signs a CRL as well, with its private key. */
export async function openSigner(
  { desired: { cluster, path }, outgoing }: PlannedCrl,
  clusters: Clusters,
  reader: TreeReader,
  cipher: Cipher,
): Promise<Signer | null> {
  const keyset = clusters.get(cluster)?.keysets.get(path);
  const entry = keyset?.entries.find(({ id }) => id === outgoing);
  if (!entry?.certificate) return null;
  const privateKey = readPrivateKey(await openKey(entry, reader, cipher));
  return { id: entry.id, certificate: entry.certificate, privateKey };
}

async function openKey({ file, spki }: Place, reader: TreeReader, cipher: Cipher): Promise<string> {
  const document = await openDocument(file, reader, cipher);
  const pem = document.privateKey;
  if (typeof pem !== 'string') {
    throw new PkiError('ERR_STORE', `"${file}": its private key is not a text`, {
      hint: restoreHints(file),
    });
  }
  if (spkiHash(readPrivateKey(pem)) === spki) return pem;
  throw new PkiError('ERR_KEY', `"${file}": the private key is not that of its certificate`, {
    hint: restoreHints(file),
  });
}

/** What a document answers with that was changed by hand. */
const CHANGED: ReadonlySet<ErrorCode> = new Set(['ERR_DECRYPT', 'ERR_MAC', 'ERR_SOPS_FORMAT']);

/** Decrypts a document of the store; errors name its file. */
export async function openDocument(
  file: TreePath,
  reader: TreeReader,
  cipher: Cipher,
): Promise<JsonObject> {
  try {
    return await cipher.decryptYaml(Buffer.from(reader.read(file) ?? '').toString('utf8'));
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    const { code, message, hints, details } = error;
    throw new PkiError(code, `cannot decrypt "${file}": ${message}`, {
      hint: CHANGED.has(code) ? [...hints, ...restoreHints(file)] : hints,
      details,
      cause: error,
    });
  }
}

function placeOf(path: CredentialPath, clusters: Clusters, foreign: Foreign): Place {
  const cluster = clusters.get(path.split('/')[0] ?? '');
  const entry = (cluster?.keysets.get(path) ?? foreign.keysets.get(path))?.entries[0];
  if (entry !== undefined) return entry;
  const leaf = cluster?.leaves.get(path) ?? foreign.leaves.get(path);
  if (leaf !== undefined && 'spki' in leaf) return leaf;
  throw new PkiError('ERR_REFERENCE', `credential "${path}" is not in the store`, {
    hint: `make it first: cdk8s-pki synth --cluster '${path.split('/')[0] ?? ''}'`,
  });
}
