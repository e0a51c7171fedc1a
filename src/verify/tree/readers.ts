import type { CredentialPath, TreePath } from '../../model/names.ts';
import type { TreeReader } from '../../model/ports.ts';
import { leavingRecipients } from '../../model/recipients.ts';
import { clusterOfFile } from '../../model/store/layout.ts';
import { flag } from '../../review/flags.ts';
import type { Declared } from '../declared.ts';
import { findingOfFlag, type Finding } from '../finding.ts';
import type { Stores } from './store.ts';

/** A document of the store that somebody can read who is no custodian of its cluster now. */
export interface ReadByOthers {
  readonly path: CredentialPath;
  readonly file: TreePath;
  readonly text: string;
  /** Who is: once a custodian, who leaves with the next encryption; or planted. */
  readonly readers: readonly string[];
}

/** Documents of declared clusters with readers that the declaration takes away. Of anybody unknown to it the guards tell. */
export function readByOthers(
  reader: TreeReader,
  { keysets, leaves }: Stores,
  { fleet: { tree, clusters } }: Declared,
): ReadByOthers[] {
  const custodians = new Map(clusters.map(({ name, recipients }) => [name, recipients]));
  const documents = [
    ...[...keysets].flatMap(([path, { entries }]) => entries.map((entry) => ({ ...entry, path }))),
    ...leaves.values(),
  ];
  return documents.flatMap(({ path, file, recipients }) => {
    const declared = custodians.get(clusterOfFile(tree, file) ?? '');
    const readers = declared === undefined ? [] : leavingRecipients(recipients, declared);
    if (readers.length === 0) return [];
    return [{ path, file, readers, text: Buffer.from(reader.read(file) ?? '').toString('utf8') }];
  });
}

/** Readers that a document got after it was encrypted were planted: nobody who leaves came like that. */
export function plantedReaders(
  tree: string,
  added: ReadonlyMap<ReadByOthers, readonly string[]>,
): Finding[] {
  return [...added].flatMap(([{ path, file }, readers]) =>
    readers.map((recipient) => {
      const text = `${recipient} is no custodian and can open ${file}, which was not encrypted for it: it was added later`;
      const place = { cluster: clusterOfFile(tree, file), credential: path, file };
      return { ...findingOfFlag(flag('RecipientAdded', text, place), false), hint: hintsFor(file) };
    }),
  );
}

const hintsFor = (file: TreePath): string[] => [
  `find the commit that brought it: git log -p -- '${file}'`,
  `restore the file from before it: git restore --source COMMIT^ -- '${file}'`,
  'if whoever brought it could open the file, that recipient has the private key: list it in removedRecipients, compromised: true',
];
