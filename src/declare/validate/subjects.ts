import type { IConstruct } from 'constructs';
import type { DesiredAuthority, DesiredCluster } from '../../model/desired.ts';
import type { CredentialPath } from '../../model/names.ts';
import type { Folder, Report } from '../fleet/collect.ts';

/** Constructs by credential path, to tell a problem where it was declared. */
export type Constructs = ReadonlyMap<CredentialPath, IConstruct>;

/** Two authorities of one subject cannot be told apart by a verifier that builds chains by name. */
export function checkSubjects(
  folder: Folder,
  cluster: DesiredCluster,
  constructs: Constructs,
  report: Report,
): void {
  const owners = new Map<string, DesiredAuthority>();
  for (const authority of cluster.authorities) {
    const { commonName, organizations, organizationalUnits, country, serialNumber } =
      authority.subject;
    const key = JSON.stringify([
      commonName,
      organizations,
      organizationalUnits,
      country,
      serialNumber,
    ]);
    const owner = owners.get(key);
    if (owner === undefined) owners.set(key, authority);
    else
      report(
        constructs.get(authority.path) ?? folder.construct,
        `subject is the same as that of authority "${owner.path}"; give it another common name`,
      );
  }
  for (const { path, name, subject } of [...cluster.authorities, ...cluster.leaves]) {
    const construct = constructs.get(path) ?? folder.construct;
    const { commonName, country, serialNumber, organizations, organizationalUnits } = subject;
    const values = [commonName, country, serialNumber, organizations, organizationalUnits];
    if (!values.some((value) => value?.length)) report(construct, 'subject is empty');
    else if (subject.commonName === name && name.length > 64)
      report(
        construct,
        `name "${name}" is longer than the 64 characters of a common name; give a subject`,
      );
  }
}
