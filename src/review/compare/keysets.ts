import { PkiError } from '../../errors.ts';
import { formatDuration } from '../../model/store/duration.ts';
import { layout } from '../../model/store/layout.ts';
import { entryTexts } from '../../model/store/rotation.ts';
import type { CredentialPath } from '../../model/names.ts';
import type { EntryState, ObservedKeyset } from '../../model/observed.ts';
import type { CertificateInfo } from '../../model/x509.ts';
import { observeKeyset, readKeysetListing, type KeysetListing } from '../../observe/keyset.ts';
import { subjectText } from '../../plan/checks.ts';
import { readCertificate } from '../../x509/read/certificate.ts';
import { publicKeyPem } from '../../x509/read/fields.ts';
import { isReissueOf } from '../../x509/read/reissue/reissued.ts';
import { transitionBetween } from '../../plan/rotation/transitions.ts';
import { flag, type FlagPlace } from '../flags.ts';
import { blockPem, embeddedBlocks } from '../read/embedded.ts';
import { problemText, type Side } from '../read/side.ts';
import { earlyFlags, type StageWaits } from '../stages.ts';
import { crlFacts, readRevocations, revocationFlags } from './revocations.ts';
import type { EntryFacts, Flag, KeysetChange, KeysetFacts } from '../report.ts';

const STATES: readonly EntryState[] = ['issuing', 'incoming', 'outgoing'];

/** A keyset of one side. What is not sound is still shown, as far as it can be read. */
interface Keyset {
  readonly listing: KeysetListing | null;
  /** Null where it is not sound. */
  readonly observed: ObservedKeyset | null;
  readonly facts: KeysetFacts | null;
  /** Certificates of entries, by their ids. */
  readonly certificates: ReadonlyMap<string, CertificateInfo>;
  /** Public keys of entries, PEM, by their ids. */
  readonly publicKeys: ReadonlyMap<string, string>;
  readonly problem: string | null;
  readonly isUnsigned: boolean;
  readonly revocations: ReturnType<typeof readRevocations>;
}

/** Compares a keyset of which a file differs, and flags what its predecessor did not allow. */
export function compareKeyset(
  base: Side,
  head: Side,
  tree: string,
  credential: CredentialPath,
  waits: StageWaits,
): { readonly change: KeysetChange; readonly flags: readonly Flag[] } | undefined {
  const was = readKeyset(base, tree, credential);
  const is = readKeyset(head, tree, credential);
  if (was === undefined && is === undefined) return undefined;
  const file = layout.keyset(tree, credential);
  const again = reissuedEntries(was, is);
  const ends = again.map(({ before }) => before.notAfter).sort((a, b) => +a - +b);
  const change: KeysetChange = {
    credential,
    file,
    change: changeOf(was, is, again.length > 0),
    before: was?.facts ?? null,
    after: is?.facts ?? null,
    oldNotAfter: ends[0] ?? null,
    problems: [
      ...(was?.problem == null ? [] : [`base: ${was.problem}`]),
      ...(is?.problem == null ? [] : [`now: ${is.problem}`]),
    ],
  };
  const [before, after] = [was?.revocations, is?.revocations];
  const revoked = is === undefined ? [] : revocationFlags(tree, credential, before, after);
  const reissued = again.map((one) => reissueFlag(tree, credential, one));
  return { change, flags: [...flagsOf(change, was, is, waits), ...reissued, ...revoked] };
}

function readKeyset(side: Side, tree: string, path: CredentialPath): Keyset | undefined {
  const file = layout.keyset(tree, path);
  const content = side.read(file);
  const unread = side.problems.get(file);
  if (content === undefined && unread === undefined) return undefined;
  const [listing, unlisted] = attempt(() =>
    content === undefined ? null : readKeysetListing(file, content, path),
  );
  const [observed = null, error] = attempt(() => observeKeyset(side, tree, path));
  const documents = new Map(
    (listing?.entries ?? []).map(({ id }) => [id, readEntry(side, tree, path, id)]),
  );
  const sorted = (listing?.entries ?? []).toSorted(
    (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state),
  );
  const revocations = readRevocations(side, tree, path);
  return {
    listing,
    observed,
    revocations,
    facts:
      listing === null
        ? null
        : {
            revision: listing.revision,
            entries: sorted.map(factsOf),
            ...crlFacts(revocations),
          },
    certificates: new Map(
      [...documents].flatMap(([id, { certificate }]) =>
        certificate === null ? [] : [[id, certificate] as const],
      ),
    ),
    publicKeys: new Map([...documents].map(([id, { publicKey }]) => [id, publicKey])),
    problem: unread ?? (error ?? unlisted)?.message ?? null,
    isUnsigned: error?.code === 'ERR_KEYSET_SIGNATURE',
  };

  function factsOf({ id, state, spki }: KeysetListing['entries'][number]): EntryFacts {
    const certificate = documents.get(id)?.certificate ?? null;
    return {
      id,
      state,
      spki,
      subject: certificate === null ? null : subjectText(certificate.subject),
      notAfter: certificate?.notAfter ?? null,
    };
  }
}

/** The certificate and the public key of an entry, as far as its document has them. */
function readEntry(
  side: Side,
  tree: string,
  path: CredentialPath,
  id: string,
): { readonly certificate: CertificateInfo | null; readonly publicKey: string } {
  if (!/^[0-9a-f]{16}$/u.test(id)) return { certificate: null, publicKey: '' };
  const [block] = embeddedBlocks(side.text(layout.entry(tree, path, id)) ?? '');
  if (block === undefined) return { certificate: null, publicKey: '' };
  if (block.label === 'PUBLIC KEY') return { certificate: null, publicKey: blockPem(block) };
  const [certificate] = attempt(() => readCertificate(blockPem(block)));
  return { certificate, publicKey: certificate === null ? '' : publicKeyPem(certificate) };
}

function attempt<T>(read: () => T): readonly [T, null] | readonly [null, PkiError] {
  try {
    return [read(), null];
  } catch (error) {
    problemText(error); // throws what is a bug
    return [null, error as PkiError];
  }
}

/** An entry of both sides, with another certificate. */
interface Reissued {
  readonly id: string;
  readonly before: CertificateInfo;
  readonly after: CertificateInfo;
}

function reissuedEntries(was: Keyset | undefined, is: Keyset | undefined): Reissued[] {
  return [...(is?.certificates ?? [])].flatMap(([id, after]) => {
    const before = was?.certificates.get(id);
    return before === undefined || before.pem === after.pem ? [] : [{ id, before, after }];
  });
}

/** No revision says so, and the signature of a keyset is over its keys alone: the certificate's own says who made it. */
function reissueFlag(
  tree: string,
  credential: CredentialPath,
  { id, before, after }: Reissued,
): Flag {
  const cluster = credential.split('/')[0] ?? '';
  const place = { cluster, credential, file: layout.entry(tree, credential, id) };
  const until = `until ${dayOf(after.notAfter)}, it was ${dayOf(before.notAfter)}`;
  const [isAgain] = attempt(() => isReissueOf(after, before));
  if (isAgain !== true) {
    const message = `${credential}: ${id} has a certificate with another name or other extensions for its key`;
    return flag('AuthorityChanged', message, place);
  }
  return after.notAfter < before.notAfter
    ? flag('OlderCertificate', `${credential}: ${id} has an older certificate, ${until}`, place)
    : flag(
        'AuthorityReissued',
        `${credential}: ${id} has a new certificate for the same key, ${until}`,
        place,
      );
}

function changeOf(
  was: Keyset | undefined,
  is: Keyset | undefined,
  isReissued: boolean,
): KeysetChange['change'] {
  if (is === undefined) return 'removed';
  if (is.problem !== null) return 'damaged';
  if (was?.facts == null) return 'added';
  const isSame = statementOf(was) === statementOf(is) && crlOf(was) === crlOf(is);
  if (!isSame) return 'changed';
  return isReissued ? 'reissued' : 'rewritten';
}

const statementOf = ({ facts }: Keyset): string =>
  JSON.stringify([
    facts?.revision,
    facts?.entries.map(({ id, state, spki }) => [id, state, spki]).sort(),
  ]);

const crlOf = ({ facts }: Keyset): string => JSON.stringify(facts?.crl ?? null);

function flagsOf(
  { credential, file }: KeysetChange,
  was: Keyset | undefined,
  is: Keyset | undefined,
  waits: StageWaits,
): Flag[] {
  const cluster = credential.split('/')[0] ?? '';
  const place = { cluster, credential, file };
  const trusted = new Set(was?.facts?.entries.map(({ spki }) => spki));
  if (is === undefined) {
    return [flag('AuthorityRemoved', `keyset ${credential} is gone, with its trust bundle`, place)];
  }
  const added = (is.facts?.entries ?? []).filter(({ spki }) => !trusted.has(spki));
  const flags = added.map(({ id, state, subject, notAfter }) => {
    const what = subject === null ? 'key' : `CA "${subject}" until ${dayOf(notAfter)}`;
    const beside = was === undefined ? 'a new keyset' : `${trusted.size} known before`;
    return flag(
      'NewAuthority',
      `${credential} gets the ${state} ${what}, ${id} (${beside})`,
      place,
    );
  });
  const [before, after] = [was?.facts?.revision, is.facts?.revision];
  flags.push(...forgottenFlags(was, is, place));
  if (is.isUnsigned) flags.push(flag('KeysetNotSigned', is.problem ?? '', place));
  if (before === undefined || after === undefined) return flags;
  const isSame = was !== undefined && statementOf(was) === statementOf(is);
  if (!isSame && after <= before) {
    const message = `${credential} was at revision ${before} and is at ${after}, with other entries`;
    flags.push(flag('KeysetRevisionLower', message, place));
  }
  if (was !== undefined && !isSame && after > before)
    flags.push(...stageFlags(was, is, waits, place));
  if (!is.isUnsigned && was !== undefined && !isSame && !isSuccessor(was, is)) {
    const message = `no key that issued in revision ${before} of ${credential} signed revision ${after}`;
    flags.push(flag('KeysetNotSigned', message, place));
  }
  return flags;
}

/** It goes up with the declaration, and never down: `retire` would come before what was signed has run out. */
function forgottenFlags(was: Keyset | undefined, is: Keyset, place: FlagPlace): Flag[] {
  const known = new Map(was?.listing?.entries.map(({ id, outsideLife = 0 }) => [id, outsideLife]));
  return (is.listing?.entries ?? []).flatMap(({ id, outsideLife = 0 }) => {
    const before = known.get(id) ?? 0;
    if (outsideLife >= before) return [];
    const message = `${place.credential ?? ''}: ${id} remembered that what it signs outside of the tree lives ${formatDuration(before)}, now ${formatDuration(outsideLife)}: it would be retired too early`;
    return [flag('OutsideLifeLower', message, place)];
  });
}

/** A stage is rolled out everywhere before the next. What is back where it was is none. */
function stageFlags(was: Keyset, is: Keyset, waits: StageWaits, place: FlagPlace): Flag[] {
  const [before, after] = [was.facts?.entries ?? [], is.facts?.entries ?? []];
  if (stateText(before) === stateText(after)) return [];
  const stage = transitionBetween(before, after);
  if (stage !== undefined)
    return was.observed === null ? [] : earlyFlags(stage, was.observed, waits, place);
  const message = `${place.credential ?? ''} goes from ${stateText(before)} to ${stateText(after)}, which no single stage does: each must be rolled out everywhere before the next`;
  return [flag('StagesSkipped', message, place)];
}

const stateText = (entries: readonly EntryFacts[]): string => entryTexts(entries).join(', ');

/**
 * Whether a revision follows from another: the key that was issuing signed it. Where several stages lie between, the key that was
 * incoming may have become the issuing one and signed the last.
 */
function isSuccessor(was: Keyset, is: Keyset): boolean {
  const [from, to] = [was.facts?.revision ?? 0, is.facts?.revision ?? 0];
  const states = to > from + 1 ? ['issuing', 'incoming'] : ['issuing'];
  return (was.facts?.entries ?? []).some(({ id, state }) => {
    const publicKey = was.publicKeys.get(id) ?? '';
    if (!states.includes(state) || publicKey === '') return false;
    return attempt(() => is.listing?.isSignedBy(publicKey) === true)[0] === true;
  });
}

function dayOf(date: Date | null): string {
  return date === null ? 'an unknown date' : date.toISOString().slice(0, 10);
}
