import type { DesiredAuthority, DesiredCluster } from '../model/desired.ts';
import type { CertificateInfo } from '../model/x509.ts';
import type { ObservedCluster, ObservedKeyset } from '../model/observed.ts';
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
    const issuing = issuingCertificate(store?.keysets.get(desired.path));
    return issuing === undefined ? [] : differences(desired, issuing, cluster, now);
  });
  return authorities.map(([desired, message]) => ({
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
  const longestLeaf = Math.max(
    0,
    ...cluster.leaves.filter(({ issuer }) => issuer === desired.path).map((leaf) => leaf.validity),
  );
  const due = rotateAt(certificate.notAfter, longestLeaf, desired.rotation.soak);
  const messages = [
    ...(was === is ? [] : [`subject is "${was}", is declared "${is}"`]),
    ...(certificate.keyAlgorithm === desired.keyAlgorithm
      ? []
      : [
          `key algorithm is ${certificate.keyAlgorithm ?? 'unknown'}, is declared ${desired.keyAlgorithm}`,
        ]),
    ...(now.getTime() < due.getTime() ? [] : [`due for rotation since ${due.toISOString()}`]),
  ];
  return messages.map((message) => [desired, message]);
}

function issuingCertificate(keyset: ObservedKeyset | undefined): CertificateInfo | undefined {
  return keyset?.entries.find(({ state }) => state === 'issuing')?.certificate ?? undefined;
}
