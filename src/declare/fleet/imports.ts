import type { DesiredCluster, JsonValue } from '../../model/desired.ts';
import { credentialParts, type CredentialPath } from '../../model/names.ts';
import { findReferences } from '../../model/reference.ts';

/** Credentials of other clusters that this one uses: as issuers, in manifests and in files. */
export function importsOf(cluster: DesiredCluster): Set<CredentialPath> {
  const used = new Set<CredentialPath>();
  const use = (path: CredentialPath | null): void => {
    if (path !== null && credentialParts(path).cluster !== cluster.name) used.add(path);
  };
  for (const { issuer } of [...cluster.authorities, ...cluster.leaves]) use(issuer);
  eachTextOf(cluster, (text) => {
    for (const { credential } of findReferences(text)) use(credential);
  });
  return used;
}

/** Every text of a cluster that may hold references. */
export function eachTextOf(
  { manifests, bundles }: Pick<DesiredCluster, 'manifests' | 'bundles'>,
  read: (text: string) => void,
): void {
  for (const { template } of manifests) eachText(template, read);
  for (const { files } of bundles) for (const { content } of files) read(content);
}

/** Every string of a JSON value, map keys included. */
export function eachText(value: JsonValue, read: (text: string) => void): void {
  if (typeof value === 'string') read(value);
  else if (Array.isArray(value))
    for (const item of value as readonly JsonValue[]) eachText(item, read);
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value)) {
      read(key);
      eachText(item, read);
    }
}
