import { posix } from 'node:path';
import { PkiError } from '../errors.ts';
import { entryId, keysetStatement, type StatementEntry } from '../model/store/keyset.ts';
import { layout, REVOCATIONS } from '../model/store/layout.ts';
import { credentialParts, type CredentialPath, type TreePath } from '../model/names.ts';
import type { EntryState, ObservedEntry, ObservedKeyset } from '../model/observed.ts';
import type { TreeReader } from '../model/ports.ts';
import { readCertificate } from '../x509/read/certificate.ts';
import { publicKeyPem } from '../x509/read/fields.ts';
import { maySignCrls, pathLengthOf } from '../x509/read/usages.ts';
import { keyAlgorithmOf, readPublicKey, spkiHash, verifySignature } from '../x509/read/key.ts';
import { parseDocument, storeError, type Fields } from './fields.ts';
import { parseIssuer } from './issuer.ts';
import { formerRecipientsOf, recipientsOf } from './recipients.ts';
import { observeRevocations } from './revocations.ts';
import { restoreFromHead, restoreHints } from '../model/store/restore.ts';

const STATES: readonly EntryState[] = ['issuing', 'incoming', 'outgoing'];

/**
 * Reads a keyset and all its entries, and checks that its states are legal and that the key that was issuing signed this revision.
 * Without an identity: everything needed is in the clear. Undefined where the keyset is not there.
 *
 * @throws PkiError `ERR_STORE`, `ERR_KEYSET_STATE`, `ERR_KEYSET_SIGNATURE`.
 */
export function observeKeyset(
  reader: TreeReader,
  tree: string,
  path: CredentialPath,
): ObservedKeyset | undefined {
  const file = layout.keyset(tree, path);
  const content = reader.read(file);
  if (content === undefined) return undefined;
  const { fields, listed } = parseListing(file, content, path);
  checkStates(tree, path, listed);
  const hasRevoked = checkFiles(reader, tree, path, listed);
  const entries = listed.map(({ id, state, spki, outsideLife }): ObservedEntry => {
    const entry = observeEntry(reader, tree, path, id, state);
    if (entry.spki !== spki || entryId(spki) !== id) {
      throw storeError(entry.file, `its key is not the one that "${file}" lists`);
    }
    return outsideLife === undefined ? entry : { ...entry, outsideLife };
  });
  const revision = fields.positiveInteger('revision');
  if (!isSigned(fields, entries, keysetStatement(path, revision, listed))) {
    throw new PkiError(
      'ERR_KEYSET_SIGNATURE',
      `"${file}": this revision is not signed by the key that was issuing`,
      {
        hint: [
          'an edited or copied keyset is refused: whoever changes it must hold one of its keys',
          ...restoreHints(file),
        ],
      },
    );
  }
  const kinds = new Set(entries.map((entry) => entry.certificate === null));
  if (kinds.size !== 1) throw storeError(file, 'its entries are of different kinds');
  return {
    path,
    kind: kinds.has(true) ? 'ServiceAccountKey' : 'CertificateAuthority',
    revision,
    signature: fields.text('signature'),
    countersignature: fields.has('countersignature') ? fields.text('countersignature') : null,
    ...(hasRevoked ? { revocations: observeRevocations(reader, tree, path, entries) } : {}),
    entries: entries.sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state)),
  };
}

function parseListing(
  file: TreePath,
  content: Uint8Array,
  path: CredentialPath,
): { readonly fields: Fields; readonly listed: readonly StatementEntry[] } {
  const { cluster, name } = credentialParts(path);
  const fields = parseDocument(file, content, { kinds: ['Keyset'], cluster, name });
  const listed = fields.list('entries').map((entry) => ({
    id: entry.text('id'),
    state: entry.oneOf('state', STATES),
    spki: entry.text('spki'),
    ...(entry.has('outsideLife') ? { outsideLife: entry.duration('outsideLife') } : {}),
  }));
  return { fields, listed };
}

/** What a `keyset.yaml` says, whether or not it is sound. */
export interface KeysetListing {
  readonly revision: number;
  readonly entries: readonly StatementEntry[];
  /** Whether the owner of this public key, PEM, signed or countersigned the revision. */
  readonly isSignedBy: (publicKey: string) => boolean;
}

/** @throws PkiError `ERR_STORE` where it is not a keyset's of this place */
export function readKeysetListing(
  file: TreePath,
  content: Uint8Array,
  path: CredentialPath,
): KeysetListing {
  const { fields, listed } = parseListing(file, content, path);
  const revision = fields.positiveInteger('revision');
  const statement = keysetStatement(path, revision, listed);
  const signatures = ['signature', 'countersignature']
    .filter((field) => fields.has(field))
    .map((field) => Buffer.from(fields.text(field), 'base64'));
  return {
    revision,
    entries: listed,
    isSignedBy: (publicKey) =>
      signatures.some((signature) =>
        verifySignature(readPublicKey(publicKey), statement, signature),
      ),
  };
}

/**
 * The key that was issuing before signs a revision: the outgoing one where there is one, else the one that still is. Beside an
 * outgoing entry the issuing key signs as well, or anybody could add a trusted entry that signs for itself.
 */
function isSigned(
  fields: Fields,
  entries: readonly ObservedEntry[],
  statement: Uint8Array,
): boolean {
  const hasSigned = (state: EntryState, field: string): boolean => {
    const signature = Buffer.from(fields.text(field), 'base64');
    return entries
      .filter((entry) => entry.state === state)
      .every(({ publicKey }) => verifySignature(readPublicKey(publicKey), statement, signature));
  };
  const isSwitched = entries.some(({ state }) => state === 'outgoing');
  return isSwitched
    ? hasSigned('outgoing', 'signature') && hasSigned('issuing', 'countersignature')
    : hasSigned('issuing', 'signature');
}

/** Exactly one issuing entry, and at most one incoming or outgoing beside it. */
function checkStates(
  tree: string,
  path: CredentialPath,
  entries: readonly { readonly id: string; readonly state: EntryState }[],
): void {
  const issuing = entries.filter(({ state }) => state === 'issuing').length;
  const ids = new Set(entries.map(({ id }) => id));
  if (issuing === 1 && entries.length <= 2 && ids.size === entries.length) return;
  throw new PkiError(
    'ERR_KEYSET_STATE',
    `keyset "${path}" has the states ${entries.map(({ state }) => state).join(', ') || 'none'}`,
    {
      hint: [
        'legal are: issuing; issuing and incoming; issuing and outgoing',
        ...restoreHints(posix.dirname(layout.keyset(tree, path))),
      ],
    },
  );
}

/** A file that the keyset does not list is not ours: nobody signed it. Whether there is a record of what it revoked, which is. */
function checkFiles(
  reader: TreeReader,
  tree: string,
  path: CredentialPath,
  listed: readonly { readonly id: string }[],
): boolean {
  const folder = layout.keyset(tree, path).replace(/\/keyset\.yaml$/u, '') as TreePath;
  const expected = new Set(['keyset.yaml', ...listed.map(({ id }) => `${id}.sops.yaml`)]);
  const present = reader.list(folder);
  const stray = present.find((name) => name !== REVOCATIONS && !expected.has(name));
  if (stray === undefined) return present.includes(REVOCATIONS);
  throw new PkiError('ERR_KEYSET_STATE', `keyset "${path}" does not list "${folder}/${stray}"`, {
    hint: [
      `if nobody knows it, remove it: rm -r '${folder}/${stray.replace(/\/$/u, '')}'`,
      `if "${layout.keyset(tree, path)}" is an older one: ${restoreFromHead(layout.keyset(tree, path))}`,
    ],
  });
}

function observeEntry(
  reader: TreeReader,
  tree: string,
  path: CredentialPath,
  id: string,
  state: EntryState,
): ObservedEntry {
  const { cluster, name } = credentialParts(path);
  if (!/^[0-9a-f]{16}$/u.test(id)) {
    throw storeError(layout.keyset(tree, path), 'an entry has an id that is not 16 hex digits');
  }
  const file = layout.entry(tree, path, id);
  const content = reader.read(file);
  if (content === undefined) {
    throw new PkiError('ERR_AUTHORITY_MISSING', `"${file}" of keyset "${path}" is missing`, {
      hint: restoreHints(file),
    });
  }
  const kinds = ['CertificateAuthority', 'ServiceAccountKey'];
  const fields = parseDocument(file, content, { kinds, cluster, name });
  const common = {
    id,
    file,
    state,
    issuedAt: fields.instant('issuedAt'),
    recipients: recipientsOf(fields),
    formerRecipients: formerRecipientsOf(fields),
  };
  return fields.text('kind') === 'ServiceAccountKey'
    ? { ...common, ...named(file, () => serviceAccountKey(fields)) }
    : { ...common, ...named(file, () => authority(fields, cluster)) };
}

/** Readers of keys and certificates do not know the file that they read. */
function named<T>(file: TreePath, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PkiError) || error.code === 'ERR_STORE') throw error;
    throw storeError(file, error.message, error);
  }
}

type KeyFields = Pick<
  ObservedEntry,
  | 'spki'
  | 'keyAlgorithm'
  | 'certificate'
  | 'publicKey'
  | 'issuer'
  | 'policy'
  | 'pathLength'
  | 'lacksCrlSign'
>;

function serviceAccountKey(fields: Fields): KeyFields {
  const publicKey = fields.text('publicKey');
  const key = readPublicKey(publicKey);
  return {
    spki: spkiHash(key),
    keyAlgorithm: keyAlgorithmOf(key),
    certificate: null,
    publicKey,
    issuer: null,
    policy: null,
    pathLength: null,
  };
}

function authority(fields: Fields, cluster: string): KeyFields {
  const certificate = readCertificate(fields.text('certificate'));
  if (!certificate.isCa) throw storeError(fields.file, 'its certificate is not a CA certificate');
  const publicKey = publicKeyPem(certificate);
  return {
    spki: certificate.spki,
    keyAlgorithm: certificate.keyAlgorithm,
    certificate,
    publicKey,
    issuer: fields.has('issuer') ? parseIssuer(fields, cluster) : null,
    policy: {
      validity: fields.duration('validity'),
      renewBefore: fields.duration('renewBefore'),
      jitter: 0,
    },
    pathLength: pathLengthOf(certificate),
    ...(maySignCrls(certificate) ? {} : { lacksCrlSign: true }),
  };
}
