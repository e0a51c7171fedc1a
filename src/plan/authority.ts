import type { DesiredAuthority, DesiredCluster, DesiredKeyset } from '../model/desired.ts';
import type { CredentialPath, KeyAlgorithm, Seconds } from '../model/names.ts';
import type { CertificateInfo } from '../model/x509.ts';
import type { ObservedCluster, ObservedEntry, ObservedKeyset } from '../model/observed.ts';
import type { Finding } from '../model/plan.ts';
import { subjectText } from './checks.ts';
import { rotateAt } from './renewal.ts';

/**
 * What a person must rotate: an authority that differs from its declaration, or that nears its end. Authorities are never issued
 * again by a check (DESIGN §5).
 */
export function authorityFindings(
  cluster: DesiredCluster,
  store: ObservedCluster | undefined,
  now: Date,
): Finding[] {
  const authorities = cluster.authorities.flatMap((desired) => {
    const issuing = issuingEntry(store?.keysets.get(desired.path))?.certificate;
    return !issuing ? [] : differences(desired, issuing, cluster, now);
  });
  const serviceAccountKeys = cluster.serviceAccountKeys.flatMap((desired) => {
    const algorithm = issuingEntry(store?.keysets.get(desired.path))?.keyAlgorithm;
    return algorithm === undefined || algorithm === desired.keyAlgorithm
      ? []
      : [[desired, algorithmMessage(algorithm, desired)] as const];
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
  certificate: CertificateInfo,
  cluster: DesiredCluster,
  now: Date,
): [DesiredAuthority, string][] {
  const [was, is] = [subjectText(certificate.subject), subjectText(desired.subject)];
  const due = rotateAt(
    certificate.notAfter,
    longestLeaf(cluster, desired.path),
    desired.rotation.soak,
  );
  const messages = [
    ...(was === is ? [] : [`subject is "${was}", is declared "${is}"`]),
    ...(certificate.keyAlgorithm === desired.keyAlgorithm
      ? []
      : [algorithmMessage(certificate.keyAlgorithm, desired)]),
    ...(now.getTime() < due.getTime() ? [] : [`due for rotation since ${due.toISOString()}`]),
  ];
  return messages.map((message) => [desired, message]);
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
