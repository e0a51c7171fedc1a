import { credentialParts } from '../../../model/names.ts';
import { entryId } from '../../../model/store/keyset.ts';
import type { PastCertificate, PastReaders } from '../../../model/observed.ts';
import { isIssuedBy } from '../../../x509/read/issued.ts';
import type { Clusters, Foreign } from '../context.ts';

/** What history tells of a private key, a document may not remember: `sops updatekeys` knows of no such thing. */
export function withPastReaders(clusters: Clusters, { byKey }: PastReaders): Clusters {
  if (byKey.size === 0) return clusters;
  const withPast = <
    T extends { readonly spki: string; readonly formerRecipients: readonly string[] },
  >(
    document: T,
  ): T => {
    const past = byKey.get(entryId(document.spki)) ?? [];
    const all = [...new Set([...document.formerRecipients, ...past])].sort();
    return { ...document, formerRecipients: all };
  };
  return new Map(
    [...clusters].map(([name, store]) => {
      const keysets = [...store.keysets].map(
        ([path, keyset]) =>
          [path, { ...keyset, entries: keyset.entries.map((entry) => withPast(entry)) }] as const,
      );
      const leaves = [...store.leaves].map(
        ([path, leaf]) => [path, 'unreadable' in leaf ? leaf : withPast(leaf)] as const,
      );
      return [name, { ...store, keysets: new Map(keysets), leaves: new Map(leaves) }];
    }),
  );
}

/** Certificates that an entry of a unit, or of those that it uses, did sign: whoever can commit can write a document. */
export function signedCertificates(
  { certificates }: PastReaders,
  clusters: Clusters,
  foreign: Foreign['keysets'],
): readonly PastCertificate[] {
  const own = new Set([...clusters.keys()].flatMap((name) => certificates.get(name) ?? []));
  return [...own].filter(({ issuer: { keyset: path, id }, certificate }) => {
    const { cluster } = credentialParts(path);
    const keyset = clusters.get(cluster)?.keysets.get(path) ?? foreign.get(path);
    const entry = keyset?.entries.find((one) => one.id === id);
    return entry?.certificate ? isIssuedBy(certificate, entry.certificate) : false;
  });
}
