import { DEFAULTS } from '../../catalog/defaults.ts';
import { inspectFolder, type InspectedCertificate } from '../../inspect/folder.ts';
import { entryId } from '../../model/store/keyset.ts';
import type { CertificateInfo } from '../../model/x509.ts';
import { addSeconds, rotateAt } from '../../plan/renewal.ts';
import { problemOf } from './problem.ts';
import { rowCertificate, type Problem, type Row } from './row.ts';

/** The certificates of an existing `/etc/kubernetes`. */
export function readFolder(folder: string): {
  readonly rows: readonly Row[];
  readonly problems: readonly Problem[];
} {
  const { certificates, problems } = inspectFolder(folder);
  return {
    rows: certificates.map(folderRow),
    problems: problems.map(({ file, error }) => problemOf(file, error)),
  };
}

function folderRow(found: InspectedCertificate): Row {
  const { certificate, name, kind, authority, externallyManaged, file } = found;
  return {
    cluster: null,
    node: null,
    name,
    kind,
    certificate: certificate === null ? null : rowCertificate(certificate),
    authority,
    renewAt: certificate === null ? null : defaultRenewAt(kind, certificate),
    externallyManaged,
    path: file,
    id: certificate !== null && kind === 'authority' ? entryId(certificate.spki) : null,
    state: null,
  };
}

/**
 * Nobody declared when such a certificate is to be renewed: as this product would by default, but never sooner than after two
 * thirds of its life, or a short-lived one would always be due.
 */
export function defaultRenewAt(
  kind: Row['kind'],
  { notBefore, notAfter }: Pick<CertificateInfo, 'notBefore' | 'notAfter'>,
): Date {
  const due =
    kind === 'authority'
      ? rotateAt(notAfter, DEFAULTS.certificateValidity, DEFAULTS.soak)
      : addSeconds(notAfter, -DEFAULTS.renewBefore);
  const life = (notAfter.getTime() - notBefore.getTime()) / 1000;
  const latest = addSeconds(notAfter, -Math.floor(life / 3));
  return due > latest ? due : latest;
}
