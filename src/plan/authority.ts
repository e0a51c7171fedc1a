import { isDeepStrictEqual } from 'node:util';
import type { DesiredAuthority, DesiredCluster, DesiredKeyset } from '../model/desired.ts';
import type { CredentialPath, KeyAlgorithm, Seconds } from '../model/names.ts';
import type { CertificateInfo } from '../model/x509.ts';
import type { ObservedCluster, ObservedEntry } from '../model/observed.ts';
import type { Finding } from '../model/plan.ts';
import { waysToExtend } from '../model/store/rotation.ts';
import { subjectText } from './checks.ts';
import { rotationDueAt } from './renewal.ts';
import { unsignableCrl } from './revocation/crl.ts';
import { MOVES, standingOf } from './rotation/transitions.ts';
import { unfitFaults, type Surroundings } from './rotation/unfit.ts';

/**
 * What a person must rotate: an authority that differs from its declaration, or that nears its end, and what must not follow in a
 * rotation. Authorities are never issued again by a check (DESIGN §5).
 */
export function authorityFindings(
  cluster: DesiredCluster,
  store: ObservedCluster | undefined,
  given: Surroundings,
): Finding[] {
  const messagesOf = (desired: DesiredKeyset): string[] => {
    const keyset = store?.keysets.get(desired.path);
    const entries = keyset?.entries ?? [];
    const unsignable = unsignableCrl(keyset);
    const going = underWay(desired, entries, given);
    const faults = entries.flatMap((entry) => unfitFaults(entry, desired, given));
    return [
      ...[...issuingMessages(desired, entries, given, going === ''), ...faults].map(
        (message) => `${message}${going}`,
      ),
      ...(unsignable === undefined ? [] : [unsignable]),
    ];
  };
  return [...cluster.authorities, ...cluster.serviceAccountKeys].flatMap((desired) =>
    messagesOf(desired).map((message) => ({
      code: 'RotationNeeded' as const,
      cluster: cluster.name,
      credential: desired.path,
      message,
    })),
  );
}

/** What is wrong with the entry that issues. */
function issuingMessages(
  desired: DesiredKeyset,
  entries: readonly ObservedEntry[],
  { keyset, now }: Surroundings,
  isSteady: boolean,
): string[] {
  const entry = entries.find(({ state }) => state === 'issuing');
  if (entry === undefined) return [];
  if (desired.kind !== 'CertificateAuthority')
    return entry.keyAlgorithm === desired.keyAlgorithm
      ? []
      : [algorithmMessage(entry.keyAlgorithm, desired)];
  if (!entry.certificate) return [];
  const certificate = { ...entry.certificate, ...entry.reissue, pathLength: entry.pathLength };
  const due = dueMessage(desired, certificate, now);
  return [
    ...differences(desired, certificate),
    ...(due === undefined ? [] : [isSteady ? `${due}: ${waysToExtend(desired.path)}` : due]),
    ...issuerMessages(desired, entry, keyset),
  ];
}

function differences(
  desired: DesiredAuthority,
  certificate: CertificateInfo & Pick<ObservedEntry, 'pathLength'>,
): string[] {
  const [was, is] = [subjectText(certificate.subject), subjectText(desired.subject)];
  return [
    ...(was === is ? [] : [`subject is "${was}", is declared "${is}"`]),
    ...(isDeepStrictEqual([...certificate.dnsNames].sort(), [...desired.dnsNames].sort())
      ? []
      : [
          `DNS names are "${certificate.dnsNames.join(', ')}", are declared "${desired.dnsNames.join(', ')}"`,
        ]),
    ...(certificate.keyAlgorithm === desired.keyAlgorithm
      ? []
      : [algorithmMessage(certificate.keyAlgorithm, desired)]),
    ...(certificate.pathLength === desired.pathLength
      ? []
      : [`pathLength is ${limitText(certificate)}, is declared ${limitText(desired)}`]),
  ];
}

function dueMessage(
  desired: DesiredAuthority,
  { notAfter }: CertificateInfo,
  now: Date,
): string | undefined {
  const due = rotationDueAt(desired, notAfter);
  return now.getTime() < due.getTime() ? undefined : `due for rotation since ${due.toISOString()}`;
}

/** A rotation that has begun is to be gone on with, not begun; one whose new key must not be used is to be taken back. */
function underWay(
  desired: DesiredKeyset,
  entries: readonly ObservedEntry[],
  given: Surroundings,
): string {
  const standing = standingOf(entries);
  if (standing === 'steady') return '';
  const abort = `cdk8s-pki rotate ${desired.path.replace('/', ' ')} --abort`;
  const incoming = entries.filter(({ state }) => state === 'incoming');
  if (incoming.some((entry) => unfitFaults(entry, desired, given).length > 0))
    return `; its rotation is to be taken back: ${abort}`;
  const isDifferent = incoming.some(
    ({ certificate, pathLength }) =>
      desired.kind === 'CertificateAuthority' &&
      certificate &&
      differences(desired, { ...certificate, pathLength }).length > 0,
  );
  return isDifferent
    ? `; its rotation is under way to an entry that is not as declared either: ${abort} takes it back`
    : `; its rotation is under way, "${MOVES[standing].next}" is next`;
}

/** A CA under another one outlives neither a new declaration of its issuer nor the entry that signed it. */
function issuerMessages(
  { issuer: is }: DesiredAuthority,
  { issuer: was }: ObservedEntry,
  keyset: Surroundings['keyset'],
): string[] {
  if ((was?.keyset ?? null) !== is) {
    return [`issuer is ${quoted(was?.keyset)}, is declared ${quoted(is)}`];
  }
  if (was === null) return [];
  const state = keyset(was.keyset)?.entries.find(({ id }) => id === was.id)?.state ?? 'gone';
  return state === 'issuing' ? [] : [`issuer "${was.keyset}/${was.id}" is ${state}`];
}

function limitText({ pathLength }: { readonly pathLength: number | null }): string {
  return pathLength === null ? 'without limit' : String(pathLength);
}

function quoted(path: CredentialPath | null | undefined): string {
  return path === null || path === undefined ? 'none' : `"${path}"`;
}

function algorithmMessage(was: KeyAlgorithm | null, { keyAlgorithm }: DesiredKeyset): string {
  return `key algorithm is ${was ?? 'unknown'}, is declared ${keyAlgorithm}`;
}

/** The longest validity of what an authority issues in its cluster. */
export function longestLeaf(cluster: DesiredCluster, authority: CredentialPath): Seconds {
  const issued = cluster.leaves.filter(({ issuer }) => issuer === authority);
  return Math.max(0, ...issued.map(({ validity }) => validity));
}
