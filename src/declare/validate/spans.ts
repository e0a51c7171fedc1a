import type { IConstruct } from 'constructs';
import { DAY } from '../../catalog/defaults.ts';
import type { DesiredAuthority, DesiredCluster, DesiredLeaf } from '../../model/desired.ts';
import type { CredentialPath, Seconds } from '../../model/names.ts';
import type { Folder, Report } from '../fleet/collect.ts';
import { leastLife, rotationTime } from '../describe/credentials.ts';
import type { LongestSigned } from '../fleet/longest-signed.ts';
import { markAs, markOf } from '../tree/mark.ts';
import type { Constructs } from './subjects.ts';

/** A check that waits until the whole fleet was looked at. */
export type Later = (longestSigned: LongestSigned) => void;

/** Spans of time: every certificate is renewed well before notAfter, and every issuer outlives what it signs. */
export function checkSpans(
  folder: Folder,
  { authorities, leaves }: DesiredCluster,
  constructs: Constructs,
  authorityOf: (path: CredentialPath) => DesiredAuthority | undefined,
  report: Report,
): readonly Later[] {
  const later: Later[] = [];
  for (const leaf of leaves) {
    const construct = constructs.get(leaf.path) ?? folder.construct;
    // A span of the cluster's is one problem, not one of every credential.
    const place = hasOwnSpans(construct) ? construct : folder.construct;
    const problem = renewalProblem(leaf);
    if (problem !== undefined) report(place, problem);
    const issuer = authorityOf(leaf.issuer);
    if (issuer === undefined) continue;
    const time = rotationTime(leaf.validity, issuer.rotation.soak);
    if (time >= issuer.validity)
      report(
        place,
        `validity of ${days(leaf.validity)} is too long for issuer "${issuer.path}" (${days(issuer.validity)}), which must outlive it by three soaks and 30 days`,
      );
  }
  for (const authority of authorities) {
    const construct = constructs.get(authority.path) ?? folder.construct;
    const declared = markAs(construct, 'CertificateAuthority')?.renewBefore;
    if (declared !== undefined && declared >= authority.validity)
      report(
        construct,
        `renewBefore of ${days(declared)} is not shorter than the validity of ${days(authority.validity)}`,
      );
    const isIdle =
      declared === undefined && !leaves.some(({ issuer }) => issuer === authority.path);
    if (isIdle && authority.renewBefore >= authority.validity)
      later.push((longestSigned) => {
        if (!longestSigned.has(authority.path)) report(construct, idleProblem(authority));
      });
    const { automatic, outsideLife, soak } = authority.rotation;
    if (automatic && rotationTime(outsideLife ?? 0, soak) >= authority.validity)
      report(
        construct,
        `validity of ${days(authority.validity)} is too short for rotation.automatic: what it signs outside of the tree lives up to ${days(outsideLife ?? 0)} (clusterSigningDuration), which it must outlive by three soaks and 30 days: declare a shorter one, or a longer validity`,
      );
    const issuer = authority.issuer === null ? undefined : authorityOf(authority.issuer);
    if (issuer === undefined) continue;
    if (authority.validity > issuer.validity)
      report(
        construct,
        `validity of ${days(authority.validity)} is longer than that of issuer "${issuer.path}" (${days(issuer.validity)})`,
      );
    else if (rotationTime(leastLife(authority), issuer.rotation.soak) >= issuer.validity)
      report(
        construct,
        `needs ${days(leastLife(authority))} of life (renewBefore of ${days(authority.renewBefore)}, and a third of its validity), which is too long for issuer "${issuer.path}" (${days(issuer.validity)}), which must outlive it by three soaks and 30 days: declare a longer validity there, or shorter ones here and of what it signs`,
      );
  }
  return later;
}

/** The default of renewBefore is for leaves, and there may be none. */
function idleProblem({ validity, renewBefore, rotation: { soak } }: DesiredAuthority): string {
  const leaf = renewBefore - rotationTime(0, soak);
  return `validity of ${days(validity)} is too short: nothing is declared that it signs, so certificateValidity (${days(leaf)}) counts, which it must outlive by three soaks and 30 days: declare what it signs, a longer validity, or a renewBefore of its own`;
}

function renewalProblem({ validity, renewBefore, jitter }: DesiredLeaf): string | undefined {
  if (renewBefore >= validity)
    return `renewBefore of ${days(renewBefore)} is not shorter than the validity of ${days(validity)}`;
  return validity - renewBefore - jitter < validity / 3
    ? `renewBefore of ${days(renewBefore)} and jitter of ${days(jitter)} leave less than a third of the validity of ${days(validity)}`
    : undefined;
}

function hasOwnSpans(construct: IConstruct): boolean {
  const mark = markOf(construct);
  const own = mark?.kind === 'Certificate' || mark?.kind === 'Kubeconfig' ? mark : undefined;
  return (
    own?.validity !== undefined ||
    own?.renewal.renewBefore !== undefined ||
    own?.renewal.renewBeforePercentage !== undefined ||
    own?.renewal.jitter !== undefined
  );
}

const days = (span: Seconds): string =>
  span % DAY === 0
    ? `${span / DAY} days`
    : span % 3600 === 0
      ? `${span / 3600} hours`
      : `${span} seconds`;
