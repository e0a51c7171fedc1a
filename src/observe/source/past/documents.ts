import { pastChanges, pastContents } from './changes.ts';

/**
 * Every document of a store in a commit up to HEAD, each once, whatever its path was: the tree may have had another name.
 *
 * @param what is asked of them, for people.
 * @throws PkiError `ERR_READ` in a shallow clone, which has no more than a part of the history.
 */
export async function* pastDocuments(root: string, what: string): AsyncGenerator<string> {
  const changes = await pastChanges(root, ['**/pki/**/*.sops.yaml'], what);
  for await (const [, content] of pastContents(root, changes))
    yield Buffer.from(content).toString('utf8');
}
