import type { IConstruct } from 'constructs';
import { SHARED } from '../../model/store/layout.ts';
import { isShared, type Fleet, type OpenFolder, type Report } from '../fleet/collect.ts';
import { markAs, markOf } from '../tree/mark.ts';
import { pathOf, placeOf } from '../tree/place.ts';

/** Issuers, and what a kubeconfig needs of its cluster. False where the folder cannot be described. */
export function checkIssuers(fleet: Fleet, folder: OpenFolder, report: Report): boolean {
  let fine = true;
  const tell: Report = (construct, message) => {
    fine = false;
    report(construct, message);
  };
  for (const construct of [...folder.keysets, ...folder.leaves]) {
    const mark = markOf(construct);
    if (mark?.kind === 'Kubeconfig') {
      if (!folder.cluster?.kubeadm)
        tell(
          construct,
          'a Kubeconfig belongs into a KubeadmCluster, whose endpoint and ca it takes',
        );
    } else if (mark?.kind === 'Certificate') {
      checkIssuer(fleet, folder, construct, mark.issuer, tell);
    } else if (mark?.kind === 'CertificateAuthority' && mark.issuer !== undefined) {
      if (checkIssuer(fleet, folder, construct, mark.issuer, tell)) checkChain(construct, tell);
    }
  }
  const { kubeadm } = folder.cluster ?? {};
  for (const keyset of kubeadm?.keysets ?? [])
    if (keyset.node.root !== fleet.app)
      tell(folder.construct, `keyset "${keyset.node.path}" is declared in another App`);
  return fine;
}

function checkIssuer(
  fleet: Fleet,
  folder: OpenFolder,
  construct: IConstruct,
  issuer: unknown,
  tell: Report,
): boolean {
  if (markAs(issuer, 'CertificateAuthority') === undefined) {
    tell(construct, `issuer is not a CertificateAuthority${known(folder)}`);
    return false;
  }
  const authority = issuer as IConstruct;
  if (authority.node.root !== fleet.app) {
    tell(construct, `issuer "${pathOf(authority)}" is declared in another App${known(folder)}`);
    return false;
  }
  if (isShared(folder) && placeOf(authority).cluster !== SHARED) {
    tell(
      construct,
      `issuer "${pathOf(authority)}" belongs to one cluster; a shared authority needs a shared issuer`,
    );
    return false;
  }
  return true;
}

/** Loops, and pathLength: an authority may have no more authorities below it than it says (RFC 5280 §4.2.1.9). */
function checkChain(construct: IConstruct, tell: Report): void {
  const seen = new Set<unknown>([construct]);
  let issuer = markAs(construct, 'CertificateAuthority')?.issuer;
  for (let depth = 1; issuer !== undefined; depth += 1) {
    const mark = markAs(issuer, 'CertificateAuthority');
    if (mark === undefined) return;
    if (seen.has(issuer)) {
      tell(construct, 'issuers form a loop');
      return;
    }
    seen.add(issuer);
    if (mark.pathLength !== null && mark.pathLength < depth) {
      const name = pathOf(issuer as IConstruct);
      tell(
        construct,
        `issuer "${name}" has pathLength ${mark.pathLength} and cannot stand above it`,
      );
    }
    ({ issuer } = mark);
  }
}

function known({ keysets }: OpenFolder): string {
  const names = keysets
    .filter((keyset) => markOf(keyset)?.kind === 'CertificateAuthority')
    .map((keyset) => placeOf(keyset).name);
  return names.length === 0 ? '' : `; authorities declared here: ${names.slice(0, 10).join(', ')}`;
}
