import type { CredentialPath } from '../../model/names.ts';
import { layout } from '../../model/store/layout.ts';
import {
  lostRevocation,
  parseRevocations,
  type RevocationsListing,
} from '../../observe/revocations.ts';
import { flag } from '../flags.ts';
import { problemText, type Side } from '../read/side.ts';
import type { CrlFacts, Flag } from '../report.ts';

/** What an authority has revoked on one side; undefined where it has no record, null where that cannot be read. */
export function readRevocations(
  side: Side,
  tree: string,
  path: CredentialPath,
): RevocationsListing | null | undefined {
  const file = layout.revocations(tree, path);
  const content = side.read(file);
  if (content === undefined) return side.problems.has(file) ? null : undefined;
  try {
    return parseRevocations(file, content, path);
  } catch (error) {
    problemText(error); // throws what is a bug
    return null;
  }
}

export function crlFacts(
  record: RevocationsListing | null | undefined,
): { readonly crl: CrlFacts } | undefined {
  if (!record) return undefined;
  const { crl, entries } = record;
  const { number, nextUpdate, outgoing } = crl;
  const second = outgoing?.issuer ?? null;
  return { crl: { number, nextUpdate, revoked: entries.length, outgoing: second } };
}

/** Flags each certificate that is revoked, and a record that knows less than the base's. */
export function revocationFlags(
  tree: string,
  path: CredentialPath,
  before: RevocationsListing | null | undefined,
  after: RevocationsListing | null | undefined,
): Flag[] {
  const file = layout.revocations(tree, path);
  const place = { cluster: path.split('/')[0] ?? '', credential: path, file };
  const lost = before ? lostOf(before, after) : undefined;
  const known = new Set(before?.entries.map(({ serialNumber }) => serialNumber));
  const revoked = (after?.entries ?? []).filter(({ serialNumber }) => !known.has(serialNumber));
  return [
    ...(lost === undefined ? [] : [flag('RevocationLost', `${path}: ${lost}`, place)]),
    ...revoked.map(({ serialNumber, credential, reason }) =>
      flag(
        'Revoked',
        `${path} revokes ${serialNumber}, a certificate of ${credential} (${reason})`,
        place,
      ),
    ),
  ];
}

/** One that cannot be read is a damaged file, which is told elsewhere. */
function lostOf(
  before: RevocationsListing,
  after: RevocationsListing | null | undefined,
): string | undefined {
  if (after === null) return undefined;
  return after === undefined ? 'its record is gone' : lostRevocation(before, after);
}
