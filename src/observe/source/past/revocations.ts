import { layout, REVOCATIONS } from '../../../model/store/layout.ts';
import type { CredentialPath } from '../../../model/names.ts';
import type { ObservedKeyset } from '../../../model/observed.ts';
import { readable } from '../../fields.ts';
import { observeRevocations, type RevocationsListing } from '../../revocations.ts';
import { pastChanges, pastContents } from './changes.ts';

type PastRecord = Pick<RevocationsListing, 'crl' | 'entries'>;

/**
 * What authorities revoked in a commit up to HEAD and do not say any more, in words for people. One that no entry of its keyset signed
 * is left out: that is nobody's, or of an entry that is gone. What the CRL does not sign may have been edited in some commit: of the
 * ends of a certificate the latest counts.
 *
 * @throws PkiError `ERR_READ` in a shallow clone.
 */
export async function observeLostRevocations(
  root: string,
  tree: string,
  keysets: ReadonlyMap<CredentialPath, ObservedKeyset>,
): Promise<ReadonlyMap<CredentialPath, string>> {
  const byPlace = new Map<string, ObservedKeyset>(
    [...keysets].map(([path, keyset]) => [layout.revocations('', path), keyset]),
  );
  const what = 'what authorities revoked before';
  const changes = await pastChanges(root, [`**/pki/*/${REVOCATIONS}`], what);
  const contents = new Map<string, Uint8Array>();
  for await (const [blob, content] of pastContents(root, changes)) contents.set(blob, content);
  const records = new Map<ObservedKeyset, PastRecord[]>();
  for (const { blob = '', path } of changes) {
    const [keyset, content] = [byPlace.get(placeOf(path)), contents.get(blob)];
    const record = keyset && content && signed(tree, keyset, content);
    if (record) records.set(keyset, [...(records.get(keyset) ?? []), record]);
  }
  return new Map(
    [...records].flatMap(([keyset, past]) => {
      const lost = lostOf(past, keyset.revocations);
      return lost === undefined ? [] : [[keyset.path, lost] as const];
    }),
  );
}

/** As in a tree without a name: it may have had another one. */
const placeOf = (path: string): string => `/${path.split('/').slice(-4).join('/')}`;

function lostOf(
  past: readonly PastRecord[],
  now: ObservedKeyset['revocations'],
): string | undefined {
  if (!now?.crl) return 'its record is gone';
  const { crl, entries } = now;
  const last = Math.max(...past.map((record) => record.crl.number));
  if (crl.number < last) return `its CRL has number ${crl.number}, an earlier one had ${last}`;
  const known = new Set(entries.map(({ serialNumber }) => serialNumber));
  const lost = past
    .flatMap((record) => record.entries)
    .find(({ serialNumber, notAfter }) => !known.has(serialNumber) && notAfter >= crl.thisUpdate);
  return lost && `it lost the serial number ${lost.serialNumber} of "${lost.credential}"`;
}

function signed(
  tree: string,
  { path, entries }: ObservedKeyset,
  content: Uint8Array,
): PastRecord | undefined {
  const reader = { read: () => content, list: () => [] };
  const record = readable(() => observeRevocations(reader, tree, path, entries));
  return record?.crl ? { crl: record.crl, entries: record.entries } : undefined;
}
