import { load } from 'js-yaml';
import { sopsRecipients } from '../../recipients.ts';
import { pastDocuments } from './documents.ts';

/** In the clear in each document of the store: the start of its public key's hash, which is the id of a keyset's entry. */
const KEY = /^(?:spki|id): ['"]?([0-9a-f]{16})/mu;

/**
 * Which of `recipients` could open a private key in a commit up to HEAD, by `entryId` of its public key: a document may have been
 * encrypted again, moved or renamed since, without a trace in it. Documents of the store alone: those of outputs are remembered there.
 *
 * @param recipients as documents name them.
 * @throws PkiError `ERR_READ` in a shallow clone, which has no more than a part of the history, and would say "nobody".
 */
export async function observePastReaders(
  root: string,
  tree: string,
  recipients: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const readers = new Map<string, Set<string>>();
  if (recipients.length === 0) return new Map();
  const what = 'what a compromised recipient could open before';
  for await (const document of pastDocuments(root, tree, what)) {
    const key = KEY.exec(document)?.[1];
    if (key === undefined) continue;
    if (!recipients.some((recipient) => document.includes(recipient))) continue;
    const names = namesIn(document);
    for (const recipient of recipients)
      if (names.has(recipient)) readers.set(key, (readers.get(key) ?? new Set()).add(recipient));
  }
  return new Map([...readers].map(([key, found]) => [key, [...found].sort()]));
}

/** Who could open it, and who could before its last encryption; of what can no longer be read, every word. */
function namesIn(document: string): ReadonlySet<string> {
  try {
    const { sops, formerRecipients } = load(document, { maxAliases: 0 }) as Record<string, unknown>;
    const former = typeof formerRecipients === 'string' ? formerRecipients.split(',') : [];
    return new Set([...(sopsRecipients({ sops }, 'yaml') ?? wordsOf(document)), ...former]);
  } catch {
    return new Set(wordsOf(document));
  }
}

const wordsOf = (document: string): string[] => document.split(/[\s,'"]+/u);
