import { load } from 'js-yaml';
import { sopsRecipients } from '../../recipients.ts';
import { pastDocuments } from './documents.ts';

/** A document of the store, and readers of it that it may have got without being encrypted anew. */
export interface Suspect {
  readonly text: string;
  /** As documents name them. */
  readonly readers: readonly string[];
}

/**
 * Which of its readers each document got after it was encrypted: in a commit up to HEAD it stands with the same ciphertext, and
 * without them. The program encrypts anew whenever readers change; `sops updatekeys` and editors do not.
 *
 * @throws PkiError `ERR_READ` in a shallow clone, where nobody can tell.
 */
export async function observeAddedReaders<T extends Suspect>(
  root: string,
  suspects: readonly T[],
): Promise<ReadonlyMap<T, readonly string[]>> {
  const added = new Map<T, readonly string[]>();
  if (suspects.length === 0) return added;
  const byCiphertext = new Map(
    suspects.flatMap((suspect) => {
      const ciphertext = readDocument(suspect.text)?.ciphertext;
      return ciphertext === undefined ? [] : [[ciphertext, suspect] as const];
    }),
  );
  for await (const text of pastDocuments(root, 'since when a document has its readers')) {
    const past = readDocument(text);
    const suspect = past && byCiphertext.get(past.ciphertext);
    if (past === undefined || suspect === undefined) continue;
    const without = suspect.readers.filter((reader) => !past.readers.includes(reader));
    const all = [...new Set([...(added.get(suspect) ?? []), ...without])];
    if (all.length > 0) added.set(suspect, all);
  }
  return added;
}

function readDocument(
  text: string,
): { readonly ciphertext: string; readonly readers: readonly string[] } | undefined {
  try {
    const { privateKey, sops } = load(text, { maxAliases: 0 }) as Record<string, unknown>;
    const readers = sopsRecipients({ sops }, 'yaml');
    if (typeof privateKey !== 'string' || readers === undefined) return undefined;
    return { ciphertext: octetsOf(privateKey), readers };
  } catch {
    return undefined; // no document that anybody could open
  }
}

/** The same octets can be written in several ways in base64, all of which sops reads. */
function octetsOf(ciphertext: string): string {
  return ciphertext.replaceAll(/(?<=:)[A-Za-z0-9+/]+={0,2}/gu, (encoded) =>
    Buffer.from(encoded, 'base64').toString('base64'),
  );
}
