import { load, FAILSAFE_SCHEMA } from 'js-yaml';
import type { RenderedFile, YamlFile } from '../model/made/tree.ts';
import { treePath, type TreePath } from '../model/names.ts';
import type { ObservedOutput } from '../model/made/output.ts';
import type { TreeReader } from '../model/ports.ts';
import { sopsRecipients } from './recipients.ts';

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
  const text = Buffer.from(content).toString('utf8');
  if (file.format === 'plain') return { format: 'plain', content: text };
  try {
    const document: unknown = file.format === 'binary' ? JSON.parse(text) : load(text);
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
      ? { format: 'yaml', document: rest, recipients }
      : { format: 'broken' };
  } catch {
    return { format: 'broken' };
  }
}

/** Reads `bundle.yaml` of a node; empty where there is none, or it cannot be understood. */
export function observeProjections(reader: TreeReader, folder: TreePath): Projections {
  const content = reader.read(treePath(folder, 'bundle.yaml'));
  try {
    const text = Buffer.from(content ?? new Uint8Array()).toString('utf8');
    const document: unknown = load(text, { schema: FAILSAFE_SCHEMA });
    const files: unknown = isMapping(document) ? document.files : [];
    return new Map(
      (Array.isArray(files) ? files : []).filter(isMapping).map(({ path, projection }) => {
        const name = typeof path === 'string' ? path.replace(/^\//u, '') : '';
        return [treePath(folder, name), typeof projection === 'string' ? projection : ''];
      }),
    );
  } catch {
    return new Map();
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
  return below && !path.split('/').some((part) => part === '..' || part === '.' || part === '');
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
