import { load } from 'js-yaml';
import { layout } from '../../model/store/layout.ts';
import type { CredentialPath, TreePath } from '../../model/names.ts';
import { flag, type FlagPlace } from '../flags.ts';
import type { Side } from '../read/side.ts';
import type { Flag } from '../report.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Documents of the store that differ, and were not written by the program. */
export function editedFlags(
  base: Side,
  head: Side,
  tree: string,
  files: readonly TreePath[],
  { keysets, leaves }: Readonly<Record<'keysets' | 'leaves', readonly CredentialPath[]>>,
): Flag[] {
  const entries = keysets.flatMap((of) => {
    const [folder] = layout.keyset(tree, of).split('keyset.yaml');
    return files
      .filter((file) => file.startsWith(folder ?? '') && file.endsWith('.sops.yaml'))
      .map((file) => ({ file, of }));
  });
  const documents = [...entries, ...leaves.map((of) => ({ file: layout.leaf(tree, of), of }))];
  const listings = keysets.map((of) => ({ file: layout.keyset(tree, of), of }));
  return [
    ...keysets.flatMap((of) => keysetFlags(base, head, tree, of)),
    ...documents.flatMap(({ file, of }) => documentFlags(base, head, file, of)),
    ...[...listings, ...documents].flatMap(({ file, of }) => displacedFlags(head, file, of)),
  ];
}

/** A document in the place of another one's: whoever reads that place would trust, or use, what is of another cluster. */
function displacedFlags(head: Side, file: TreePath, of: CredentialPath): Flag[] {
  const fields = fieldsOf(head.text(file));
  const names = [fields?.['cluster'], fields?.['node'], fields?.['name']];
  if (typeof names[0] !== 'string' || typeof names[2] !== 'string') return [];
  const own = names.filter((name) => typeof name === 'string').join('/');
  if (own === of) return [];
  const text = `${file} is the document of ${own}, and stands where that of ${of} was`;
  return [flag('DocumentMoved', text, placeOf(file, of))];
}

/**
 * A document of a leaf, or of an entry of a keyset, that says something else of the certificate or key that it had. It is written once
 * for each, and then only to be encrypted again, so nobody but a person does that; and when a certificate is due is said there.
 */
function documentFlags(base: Side, head: Side, file: TreePath, of: CredentialPath): Flag[] {
  const [was, is] = [base, head].map((side) => fieldsOf(side.text(file)));
  if (was === undefined || is === undefined) return [];
  if (was['certificate'] !== is['certificate'] || was['publicKey'] !== is['publicKey']) return [];
  const names = new Set([...Object.keys(was), ...Object.keys(is)]);
  const edited = [...names].filter((name) => !mayDiffer(name, was, is)).sort();
  if (edited.length === 0) return [];
  const text = `${file} says otherwise than before of ${of}, which is the same: ${edited.join(', ')}`;
  return [flagged(text, file, of)];
}

/** `keyset.yaml` in other words than before, with the signature that it had: it is written again for another life that it remembers only. */
function keysetFlags(base: Side, head: Side, tree: string, of: CredentialPath): Flag[] {
  const file = layout.keyset(tree, of);
  const [was, is] = [base.text(file), head.text(file)];
  if (was === undefined || is === undefined) return [];
  if (signatureIn(was) !== signatureIn(is) || withoutLives(was) === withoutLives(is)) return [];
  return [flagged(`${file} says otherwise what it said, with the same signature`, file, of)];
}

function flagged(text: string, file: TreePath, credential: CredentialPath): Flag {
  return flag('StoreEdited', text, placeOf(file, credential));
}

const placeOf = (file: TreePath, credential: CredentialPath): FlagPlace => ({
  cluster: credential.split('/')[0] ?? '',
  credential,
  file,
});

/** What is encrypted, and by whom, is looked at elsewhere. */
const ENCRYPTED: ReadonlySet<string> = new Set(['privateKey', 'sops']);

function mayDiffer(name: string, was: Fields, is: Fields): boolean {
  if (ENCRYPTED.has(name) || JSON.stringify(was[name]) === JSON.stringify(is[name])) return true;
  if (name !== 'formerRecipients' || was['privateKey'] === is['privateKey']) return false;
  const [before, after] = [was, is].map((fields) => namesIn(fields[name]));
  return before?.every((recipient) => after?.includes(recipient)) === true;
}

const namesIn = (value: unknown): readonly string[] =>
  typeof value === 'string' ? value.split(',') : [];

/** Undefined for what is not there, or damaged, which is told elsewhere. */
function fieldsOf(text: string | undefined): Fields | undefined {
  try {
    const document: unknown = load(text ?? '', { maxAliases: 0 });
    return typeof document === 'object' && document !== null ? (document as Fields) : undefined;
  } catch {
    return undefined;
  }
}

/** Another revision with the same signature is not signed, which is told elsewhere. */
const signatureIn = (text: string): string =>
  ['revision', 'signature']
    .map((name) => new RegExp(`^${name}: *(\\S+)`, 'mu').exec(text)?.[1])
    .join();

/** The life of what an entry signed outside of the tree; that it gets no shorter is looked at elsewhere. */
const withoutLives = (text: string): string => text.replaceAll(/^ +outsideLife: [\dhms]+\n/gmu, '');
