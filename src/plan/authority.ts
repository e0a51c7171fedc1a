import { isDeepStrictEqual } from 'node:util';
import type { DesiredAuthority, DesiredCluster, DesiredKeyset } from '../model/desired.ts';
import type { CredentialPath, KeyAlgorithm, Seconds } from '../model/names.ts';
import type { CertificateInfo } from '../model/x509.ts';
import type { ObservedCluster, ObservedEntry, ObservedKeyset } from '../model/observed.ts';
import type { Finding } from '../model/plan.ts';
import { waysToExtend } from '../model/store/rotation.ts';
import { subjectText } from './checks.ts';
import { rotationDueAt } from './renewal.ts';
import { MOVES, standingOf } from './rotation/transitions.ts';
import { unfitFaults } from './rotation/unfit.ts';

/**
 * What a person must rotate: an authority that differs from its declaration, or that nears its end. Authorities are never issued
 * again by a check (DESIGN §5).
 */
export function authorityFindings(
  cluster: DesiredCluster,
  store: ObservedCluster | undefined,
  keyset: (path: CredentialPath) => ObservedKeyset | undefined,
  { compromised, now }: { readonly compromised: ReadonlySet<string>; readonly now: Date },
): Finding[] {
  const authorities = cluster.authorities.flatMap((desired) => {
    const entry = issuingEntry(store?.keysets.get(desired.path));
    if (!entry?.certificate) return [];
    const issuer = issuerMessage(desired, entry, keyset);
    const going = underWay(desired, store?.keysets.get(desired.path), compromised);
    const certificate = { ...entry.certificate, ...entry.reissue, pathLength: entry.pathLength };
    const due = dueMessage(desired, certificate, now);
    const ways = going === '' ? `: ${waysToExtend(desired.path)}` : '';
    const found = [
      ...differences(desired, certificate),
      ...(due === undefined ? [] : [[desired, `${due}${ways}`] as const]),
      ...(issuer === undefined ? [] : [[desired, issuer] as const]),
    ];
    return found.map(([of, message]) => [of, `${message}${going}`] as const);
  });
  const serviceAccountKeys = cluster.serviceAccountKeys.flatMap((desired) => {
    const keys = store?.keysets.get(desired.path);
    const algorithm = issuingEntry(keys)?.keyAlgorithm;
    const going = underWay(desired, keys, compromised);
    return algorithm === undefined || algorithm === desired.keyAlgorithm
      ? []
      : [[desired, `${algorithmMessage(algorithm, desired)}${going}`] as const];
  });
  return [...authorities, ...serviceAccountKeys].map(([desired, message]) => ({
    code: 'RotationNeeded',
    cluster: cluster.name,
    credential: desired.path,
    message,
  }));
}

function differences(
  desired: DesiredAuthority,
  certificate: CertificateInfo & Pick<ObservedEntry, 'pathLength'>,
): [DesiredAuthority, string][] {
  const [was, is] = [subjectText(certificate.subject), subjectText(desired.subject)];
  const messages = [
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
  return messages.map((message) => [desired, message]);
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
  keyset: ObservedKeyset | undefined,
  compromised: ReadonlySet<string>,
): string {
  const entries = keyset?.entries ?? [];
  const standing = standingOf(entries);
  if (standing === 'steady') return '';
  const unfit = entries.flatMap((entry) => unfitFaults(entry, desired, compromised));
  return unfit.length === 0
    ? `; its rotation is under way, "${MOVES[standing].next}" is next`
    : `; its rotation is to be taken back (cdk8s-pki rotate ${desired.path.replace('/', ' ')} --abort): ${unfit.join('; ')}`;
}

/** A CA under another one outlives neither a new declaration of its issuer nor the entry that signed it. */
function issuerMessage(
  { issuer: is }: DesiredAuthority,
  { issuer: was }: ObservedEntry,
  keyset: (path: CredentialPath) => ObservedKeyset | undefined,
): string | undefined {
  if ((was?.keyset ?? null) !== is) {
    return `issuer is ${quoted(was?.keyset)}, is declared ${quoted(is)}`;
  }
  if (was === null) return undefined;
  const state = keyset(was.keyset)?.entries.find(({ id }) => id === was.id)?.state ?? 'gone';
  return state === 'issuing' ? undefined : `issuer "${was.keyset}/${was.id}" is ${state}`;
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

function issuingEntry(keyset: ObservedKeyset | undefined): ObservedEntry | undefined {
  return keyset?.entries.find(({ state }) => state === 'issuing');
}

/** The longest validity of what an authority issues in its cluster. */
export function longestLeaf(cluster: DesiredCluster, authority: CredentialPath): Seconds {
  const issued = cluster.leaves.filter(({ issuer }) => issuer === authority);
  return Math.max(0, ...issued.map(({ validity }) => validity));
}
