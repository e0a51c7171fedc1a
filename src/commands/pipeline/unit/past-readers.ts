import { entryId } from '../../../model/store/keyset.ts';
import type { Clusters, Context } from '../context.ts';

/** What history tells of a private key, a document may not remember: `sops updatekeys` knows of no such thing. */
export function withPastReaders(clusters: Clusters, pastReaders: Context['pastReaders']): Clusters {
  if (pastReaders.size === 0) return clusters;
  const withPast = <
    T extends { readonly spki: string; readonly formerRecipients: readonly string[] },
  >(
    document: T,
  ): T => {
    const past = pastReaders.get(entryId(document.spki)) ?? [];
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
