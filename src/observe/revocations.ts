import { PkiError } from '../errors.ts';
import { credentialParts, type CredentialPath, type TreePath } from '../model/names.ts';
import type { ObservedEntry, ObservedKeyset } from '../model/observed.ts';
import type { TreeReader } from '../model/ports.ts';
import { layout } from '../model/store/layout.ts';
import { restoreFromHead, restoreHints } from '../model/store/restore.ts';
import type { ObservedRevocations, OutgoingCrl, Revocation } from '../model/store/revocations.ts';
import {
  REVOCATION_REASONS,
  type CrlSpec,
  type RevocationReason,
  type RevokedCertificate,
} from '../model/x509.ts';
import { isCrlOf, readCrl, type Crl } from '../x509/read/crl/crl.ts';
import { parseDocument, readable, type Fields } from './fields.ts';

const REASONS = Object.keys(REVOCATION_REASONS) as readonly RevocationReason[];

/**
 * Reads what an authority revoked. Without an identity: the CRL is signed, and all that it says must be what the record says for
 * people. Undefined where there is no record.
 *
 * @param entries those of the keyset, one of which signed it.
 * @throws PkiError `ERR_STORE`, `ERR_CRL`.
 */
export function observeRevocations(
  reader: TreeReader,
  tree: string,
  path: CredentialPath,
  entries: readonly ObservedEntry[],
): ObservedRevocations | undefined {
  const file = layout.revocations(tree, path);
  const content = reader.read(file);
  if (content === undefined) return undefined;
  const record = parseRevocations(file, content, path);
  const { list, crl } = record;
  const isSignedBy = (signed: Crl, signer: string): boolean => {
    const certificate = entries.find(({ id }) => id === signer)?.certificate;
    return certificate != null && isCrlOf(signed, certificate);
  };
  if (!isSignedBy(list, crl.issuer))
    throw crlError(file, 'its CRL is not signed by the entry of its authority that it names');
  // an entry that has left cannot be asked; who is given that CRL does not trust it either, and the next one is without
  const isKnown = entries.some(({ id }) => id === crl.outgoing?.issuer);
  if (isKnown && crl.outgoing && !isSignedBy(readList(file, crl.outgoing.pem), crl.outgoing.issuer))
    throw crlError(file, 'its CRL of the outgoing entry is not signed by the one that it names');
  return { file, crl, entries: record.entries, added: [] };
}

/** A record as its text says, with the CRL in it; who signed that was not looked at. */
export interface RevocationsListing extends Pick<ObservedRevocations, 'entries'> {
  readonly crl: NonNullable<ObservedRevocations['crl']>;
  readonly list: Crl;
}

/** @throws PkiError `ERR_STORE`, `ERR_CRL` where text and CRL differ */
export function parseRevocations(
  file: TreePath,
  content: Uint8Array,
  path: CredentialPath,
): RevocationsListing {
  const { cluster, name } = credentialParts(path);
  const fields = parseDocument(file, content, { kinds: ['Revocations'], cluster, name });
  const pem = fields.text('crl');
  const list = readList(file, pem);
  const entries = fields.list('entries').map(revocationOf);
  const outgoing = outgoingOf(fields);
  const crl = {
    pem,
    number: fields.positiveInteger('crlNumber'),
    thisUpdate: fields.instant('thisUpdate'),
    nextUpdate: fields.instant('nextUpdate'),
    issuer: fields.text('issuer'),
    outgoing,
  };
  const says = ({ number, thisUpdate, nextUpdate, revoked }: CrlSpec): string =>
    JSON.stringify([number, thisUpdate, nextUpdate, revoked.map(entryText)]);
  if (says({ ...crl, revoked: entries }) !== says(list))
    throw crlError(file, 'its fields are not what its CRL says');
  if (outgoing === null) return { entries, crl, list };
  if (says(readList(file, outgoing.pem)) !== says(list))
    throw crlError(file, 'its CRL of the outgoing entry does not say what the other one says');
  if (outgoing.issuer === crl.issuer)
    throw crlError(file, 'its two CRLs are of one entry, and not of two');
  return { entries, crl, list };
}

/** Null in records that have none: those of a steady keyset, and of versions that signed one CRL only. */
function outgoingOf(fields: Fields): OutgoingCrl | null {
  return ['outgoingIssuer', 'outgoingCrl'].some((name) => fields.has(name))
    ? { pem: fields.text('outgoingCrl'), issuer: fields.text('outgoingIssuer') }
    : null;
}

const entryText = ({ serialNumber, revokedAt, reason }: RevokedCertificate): string =>
  JSON.stringify([serialNumber, revokedAt, reason]);

function readList(file: TreePath, pem: string): Crl {
  try {
    return readCrl(pem);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    throw crlError(file, error.message, error);
  }
}

function revocationOf(fields: Fields): Revocation {
  return {
    serialNumber: fields.text('serialNumber'),
    credential: fields.text('credential') as CredentialPath,
    revokedAt: fields.instant('revokedAt'),
    reason: fields.oneOf('reason', REASONS),
    notAfter: fields.instant('notAfter'),
  };
}

function crlError(file: TreePath, message: string, cause?: unknown): PkiError {
  return new PkiError('ERR_CRL', `"${file}": ${message}`, {
    hint: [
      'an edited or copied record is refused: whoever changes it must hold the key of the authority',
      ...restoreHints(file),
    ],
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * An older CRL was signed as well as the newest: put back, or taken away, it would let in again who was revoked since.
 *
 * @param head `revocations.yaml` as HEAD has it, where the work tree has another one or none.
 * @throws PkiError `ERR_CRL` where the work tree knows less than HEAD.
 */
export function guardRevocations(tree: string, keyset: ObservedKeyset, head: Uint8Array): void {
  const file = layout.revocations(tree, keyset.path);
  const problem = lessThan(file, keyset, head);
  if (problem === undefined) return;
  throw new PkiError('ERR_CRL', `"${file}": ${problem}`, {
    hint: [
      `restore it from git: ${restoreFromHead(file)}`,
      'in a merge of two branches that both revoked something, restore that, and then revoke again what the other branch has',
    ],
  });
}

function lessThan(
  file: TreePath,
  { path, revocations }: ObservedKeyset,
  head: Uint8Array,
): string | undefined {
  const before = readable(() => parseRevocations(file, head, path));
  if (before === undefined) return undefined; // what was committed cannot be read: the work tree repairs it
  return revocations === undefined
    ? `it is gone, and HEAD has a record of ${before.entries.length} revoked certificates`
    : lostRevocation(before, revocations);
}

/** What a later record must not have lost of an earlier one; undefined where it follows from it. */
export function lostRevocation(
  before: Pick<RevocationsListing, 'crl' | 'entries'>,
  { crl, entries }: Pick<ObservedRevocations, 'crl' | 'entries'>,
): string | undefined {
  if (crl === null) return undefined;
  if (crl.number < before.crl.number)
    return `its CRL has number ${crl.number}, an earlier one had ${before.crl.number}`;
  const second = before.crl.outgoing?.issuer;
  if (crl.number === before.crl.number && second !== undefined && crl.outgoing?.issuer !== second)
    return `it lost the CRL of the outgoing entry "${second}"`;
  const bySerial = new Map(entries.map((entry) => [entry.serialNumber, entry]));
  for (const entry of before.entries) {
    const now = bySerial.get(entry.serialNumber);
    const mayLeave = entry.notAfter.getTime() < crl.thisUpdate.getTime();
    if (now === undefined && !mayLeave)
      return `it lost the serial number ${entry.serialNumber} of "${entry.credential}"`;
    if (now !== undefined && JSON.stringify(now) !== JSON.stringify(entry))
      return `it says something else of the serial number ${entry.serialNumber} than before`;
  }
  return undefined;
}
