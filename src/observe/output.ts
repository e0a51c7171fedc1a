import { load, FAILSAFE_SCHEMA } from 'js-yaml';
import { PkiError } from '../errors.ts';
import { emitYaml } from '../go-yaml/emit.ts';
import { withSeals } from '../model/made/sealed.ts';
import type { JsonObject, RenderedFile, YamlFile } from '../model/made/tree.ts';
import { treePath, type TreePath } from '../model/names.ts';
import type { ObservedOutput } from '../model/made/output.ts';
import type { TreeReader } from '../model/ports.ts';
import { sopsRecipients } from './recipients.ts';
import { restoreHints } from '../model/store/restore.ts';
import { parseSubset } from './source/subset.ts';

type Mapping = Readonly<Record<string, unknown>>;

/** What a node's `bundle.yaml` says of each of its files. */
export type Projections = ReadonlyMap<TreePath, string>;

/** Reads what stands where an output belongs. Never throws for content: an output can always be made again. */
export function observeOutput(
  reader: TreeReader,
  file: RenderedFile,
  projections: Projections,
): ObservedOutput | undefined {
  const content = reader.read(file.path);
  if (content === undefined) return undefined;
  if (file.format === 'octets') return { format: 'octets', content };
  const text = Buffer.from(content).toString('utf8');
  if (file.format === 'plain') return { format: 'plain', content: text };
  try {
    const asWritten = file.format === 'yaml' ? observeAsWritten(file, text) : undefined;
    if (asWritten !== undefined) return asWritten;
    const document: unknown =
      file.format === 'binary' ? JSON.parse(text) : load(text, { maxAliases: 0 });
    if (!isMapping(document)) return { format: 'broken' };
    const { sops, ...rest } = document;
    const recipients = sopsRecipients({ sops }, file.format);
    if (recipients === undefined) return { format: 'broken' };
    if (file.format === 'binary') {
      return isEncrypted(rest.data)
        ? { format: 'binary', recipients, projection: projections.get(file.path) }
        : { format: 'broken' };
    }
    return sealedEverywhere(file, rest)
      ? { format: 'yaml', document: rest as JsonObject, recipients }
      : { format: 'broken' };
  } catch {
    return { format: 'broken' };
  }
}

const SEALED = /ENC\[AES256_GCM,[!-~]*\]$/gmu;
/** Stands for an encrypted value in the text that is expected; no text of ours holds it. */
const SEAL = 'ENC[AES256_GCM]';

/**
 * A file that is, octet by octet, what encrypting `file` writes, encrypted values and the `sops` block aside. Undefined for all
 * others, whatever they are: those are parsed, which takes ten times as long as this.
 */
function observeAsWritten(file: YamlFile, text: string): ObservedOutput | undefined {
  const end = text.indexOf('\nsops:\n') + 1;
  const written = text.slice(0, end).split(SEALED);
  const expected = emitYaml(withSeals(file.document, file.sealed, SEAL)).split(SEAL);
  const isSame =
    written.length === expected.length && written.every((part, index) => part === expected[index]);
  const metadata = isSame ? parseSubset(text.slice(end)) : undefined;
  const recipients = metadata && sopsRecipients(metadata, 'yaml');
  return recipients && { format: 'yaml', document: file.document, recipients };
}

/**
 * Reads `bundle.yaml` of a node; empty where there is none.
 *
 * @throws PkiError `ERR_STORE` where it is there and cannot be understood: nothing else says what is in the encrypted files beside it,
 * and to write all of them again takes an identity, which `git checkout` does not.
 */
export function observeProjections(reader: TreeReader, folder: TreePath): Projections {
  const file = treePath(folder, 'bundle.yaml');
  const content = reader.read(file);
  if (content === undefined) return new Map();
  const files = listedFiles(Buffer.from(content).toString('utf8'));
  if (files === undefined)
    throw new PkiError('ERR_STORE', `"${file}": the file is not a list of files of a node`, {
      hint: [
        ...restoreHints(file),
        'or delete it, and run synth with an identity: the encrypted files of the node are written again',
      ],
    });
  return new Map(
    files.map(({ path, projection }) => {
      const name = typeof path === 'string' ? path.replace(/^\//u, '') : '';
      return [treePath(folder, name), typeof projection === 'string' ? projection : ''];
    }),
  );
}

/** Undefined for anything else than a mapping with a list of mappings. */
function listedFiles(text: string): readonly Mapping[] | undefined {
  try {
    const document: unknown =
      parseSubset(text) ?? load(text, { schema: FAILSAFE_SCHEMA, maxAliases: 0 });
    const files: unknown = isMapping(document) ? document.files : undefined;
    return Array.isArray(files) && files.every(isMapping) ? files : undefined;
  } catch {
    return undefined;
  }
}

/** Files that an earlier run made in a cluster's folder, as its inventory says; only such files are ever deleted. */
export function observeMade(reader: TreeReader, folder: TreePath): TreePath[] {
  const content = reader.read(treePath(folder, 'inventory.json'));
  if (content === undefined) return [];
  try {
    const inventory: unknown = JSON.parse(Buffer.from(content).toString('utf8'));
    const files: unknown = isMapping(inventory) ? inventory.files : [];
    const paths = (Array.isArray(files) ? files : []).filter((path) => typeof path === 'string');
    return paths.filter((path) => isBelow(path, folder)).map((path) => treePath(path));
  } catch {
    return [];
  }
}

function isBelow(path: string, folder: string): boolean {
  const below = path.startsWith(`${folder}/`) && !path.startsWith(`${folder}/pki/`);
  return (
    below &&
    !/[\\\p{Cc}]/u.test(path) &&
    !path.split('/').some((part) => part === '..' || part === '.' || part === '')
  );
}

/** Whether every value that must be encrypted is. */
function sealedEverywhere(file: YamlFile, document: Mapping): boolean {
  return file.sealed.every((path) => {
    let place: unknown = document;
    for (const key of path) {
      place = typeof place === 'object' && place !== null ? (place as Mapping)[key] : undefined;
    }
    return isEncrypted(place);
  });
}

function isEncrypted(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('ENC[AES256_GCM,');
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
