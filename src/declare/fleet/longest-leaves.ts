import type { IConstruct } from 'constructs';
import type { CredentialPath, Seconds } from '../../model/names.ts';
import { markAs, markOf } from '../tree/mark.ts';
import { pathOf } from '../tree/place.ts';
import type { LongestLeaves } from '../describe/cluster.ts';
import type { Fleet, Folder } from './collect.ts';
import { scopeOf } from '../describe/credentials.ts';

/** Of the whole fleet, whatever a run is about: an authority's dates must not depend on that. */
export function longestLeavesOf(fleet: Fleet): LongestLeaves {
  const longest = new Map<CredentialPath, Seconds>();
  for (const folder of fleet.folders) {
    const { settings } = scopeOf(fleet, folder);
    for (const leaf of folder.leaves) {
      const issuer = issuerOf(folder, leaf);
      if (issuer === undefined) continue;
      const mark = markAs(leaf, 'Certificate') ?? markAs(leaf, 'Kubeconfig');
      const validity = mark?.validity ?? settings.certificateValidity;
      longest.set(issuer, Math.max(validity, longest.get(issuer) ?? 0));
    }
  }
  return longest;
}

/** Undefined where there is none, which is told elsewhere. */
function issuerOf(folder: Folder, leaf: IConstruct): CredentialPath | undefined {
  const mark = markOf(leaf);
  const issuer = mark?.kind === 'Certificate' ? mark.issuer : folder.cluster?.kubeadm?.ca;
  return markAs(issuer, 'CertificateAuthority') === undefined
    ? undefined
    : pathOf(issuer as IConstruct);
}
