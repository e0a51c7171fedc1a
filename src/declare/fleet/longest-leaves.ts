import type { IConstruct } from 'constructs';
import { credentialParts, type CredentialPath, type Seconds } from '../../model/names.ts';
import { scopeOf } from '../describe/credentials.ts';
import { markAs, markOf } from '../tree/mark.ts';
import { pathOf } from '../tree/place.ts';
import type { Fleet, OpenFolder } from './collect.ts';

/** Longest validity of the leaves that each authority signs, by its path. */
export type LongestLeaves = ReadonlyMap<CredentialPath, Seconds>;

/** Of one folder's leaves. */
export function longestLeavesOf(fleet: Fleet, folder: OpenFolder): LongestLeaves {
  const longest = new Map<CredentialPath, Seconds>();
  const { settings } = scopeOf(fleet, folder);
  for (const leaf of folder.leaves) {
    const issuer = issuerOf(folder, leaf);
    if (issuer === undefined) continue;
    const mark = markAs(leaf, 'Certificate') ?? markAs(leaf, 'Kubeconfig');
    const validity = mark?.validity ?? settings.certificateValidity;
    longest.set(issuer, Math.max(validity, longest.get(issuer) ?? 0));
  }
  return longest;
}

/** Of one folder's leaves, for authorities in other folders. */
export function foreignLeavesOf(fleet: Fleet, folder: OpenFolder): LongestLeaves {
  const all = [...longestLeavesOf(fleet, folder)];
  return new Map(all.filter(([issuer]) => credentialParts(issuer).cluster !== folder.name));
}

/** Of several folders' leaves. */
export function longestOf(all: Iterable<LongestLeaves>): LongestLeaves {
  const longest = new Map<CredentialPath, Seconds>();
  for (const some of all)
    for (const [issuer, validity] of some)
      longest.set(issuer, Math.max(validity, longest.get(issuer) ?? 0));
  return longest;
}

/** Looks an authority up in all of them. */
export const longestLeafIn =
  (...some: readonly LongestLeaves[]) =>
  (authority: CredentialPath): Seconds | undefined => {
    const found = some.flatMap((longest) => longest.get(authority) ?? []);
    return found.length === 0 ? undefined : Math.max(...found);
  };

/** Undefined where there is none, which is told elsewhere. */
function issuerOf(folder: OpenFolder, leaf: IConstruct): CredentialPath | undefined {
  const mark = markOf(leaf);
  const issuer = mark?.kind === 'Certificate' ? mark.issuer : folder.cluster?.kubeadm?.ca;
  return markAs(issuer, 'CertificateAuthority') === undefined
    ? undefined
    : pathOf(issuer as IConstruct);
}
