import { load, FAILSAFE_SCHEMA } from 'js-yaml';
import { PkiError } from '../errors.ts';
import { parseDuration } from '../model/store/duration.ts';
import { STORE_API_VERSION } from '../model/store/layout.ts';
import type { Seconds, TreePath } from '../model/names.ts';
import { parseSubset } from './source/subset.ts';
import { moveBack, restoreHints } from '../model/store/restore.ts';

type Mapping = Readonly<Record<string, unknown>>;

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z$/u;
const CONFLICT = /^(?:<{7}|={7}|>{7})(?: |$)/mu;

/** A document of the store was read; every getter throws `ERR_STORE` with the file's name where a field is not what it must be. */
export class Fields {
  readonly file: TreePath;
  readonly #mapping: Mapping;

  constructor(file: TreePath, mapping: Mapping) {
    this.file = file;
    this.#mapping = mapping;
  }

  has(name: string): boolean {
    return this.#mapping[name] !== undefined;
  }

  raw(name: string): unknown {
    return this.#mapping[name];
  }

  text(name: string): string {
    const value = this.#mapping[name];
    if (typeof value !== 'string' || value === '') {
      throw storeError(
        this.file,
        `field "${name}" is ${value === undefined ? 'missing' : 'not a text'}`,
      );
    }
    return value;
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const text = this.text(name);
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) {
      throw storeError(this.file, `field "${name}" is "${text}", not one of ${values.join(', ')}`);
    }
    return value;
  }

  instant(name: string): Date {
    const text = this.text(name);
    const date = new Date(text);
    const isInstant = INSTANT.test(text) && !Number.isNaN(date.getTime());
    // Date takes February 30 for March 2
    if (!isInstant || !date.toISOString().startsWith(text.slice(0, 10))) {
      throw storeError(this.file, `field "${name}" is not an RFC 3339 instant in UTC`);
    }
    return date;
  }

  duration(name: string): Seconds {
    const span = parseDuration(this.text(name));
    if (span === undefined) throw storeError(this.file, `field "${name}" is not a duration`);
    return span;
  }

  positiveInteger(name: string): number {
    const text = this.text(name);
    if (!/^[1-9]\d{0,8}$/u.test(text)) {
      throw storeError(this.file, `field "${name}" is not a positive whole number`);
    }
    return Number(text);
  }

  list(name: string): readonly Fields[] {
    const value = this.#mapping[name];
    if (!Array.isArray(value) || !value.every(isMapping)) {
      throw storeError(this.file, `field "${name}" is not a list of mappings`);
    }
    return value.map((item) => new Fields(this.file, item));
  }
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is read, or undefined where it cannot be understood. */
export function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof PkiError) return undefined;
    throw error;
  }
}

export function storeError(file: TreePath, message: string, cause?: unknown): PkiError {
  return new PkiError('ERR_STORE', `"${file}": ${message}`, {
    hint: restoreHints(file),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Decodes UTF-8 and parses YAML whose scalars all stay text; `ERR_STORE` where it is not one mapping. */
export function parseFields(file: TreePath, content: Uint8Array): Fields {
  if (content.length === 0) throw storeError(file, 'the file is empty');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (error) {
    throw storeError(file, 'the file is not UTF-8 text', error);
  }
  const value = parseSubset(text) ?? parseYaml(file, text);
  if (!isMapping(value)) throw storeError(file, 'the file is not a YAML mapping');
  return new Fields(file, value);
}

function parseYaml(file: TreePath, text: string): unknown {
  if (CONFLICT.test(text)) {
    throw new PkiError('ERR_STORE', `"${file}": the file holds merge-conflict markers`, {
      hint: [
        `take the base branch's version: git checkout --ours -- '${file}' (or --theirs in a rebase)`,
        'then run the command again; it issues again what is still due',
      ],
    });
  }
  try {
    return load(text, { schema: FAILSAFE_SCHEMA, maxAliases: 0 });
  } catch (error) {
    throw storeError(file, 'the file is not YAML', error);
  }
}

/** The fields of a store document, after its kind, cluster and name were found to be those of its place. */
export function parseDocument(
  file: TreePath,
  content: Uint8Array,
  place: { readonly kinds: readonly string[]; readonly cluster: string; readonly name: string },
): Fields {
  const fields = parseFields(file, content);
  const version = fields.text('apiVersion');
  if (version !== STORE_API_VERSION) {
    throw new PkiError(
      'ERR_STORE',
      `"${file}": apiVersion "${version}" is not "${STORE_API_VERSION}"`,
      {
        hint: 'it was written by another version of cdk8s-pki: update this one',
      },
    );
  }
  fields.oneOf('kind', place.kinds);
  const [cluster, name] = [fields.text('cluster'), fields.text('name')];
  if (cluster !== place.cluster || name !== place.name) {
    throw new PkiError(
      'ERR_STORE',
      `"${file}": it is of "${cluster}/${name}", not of "${place.cluster}/${place.name}"`,
      {
        hint: [
          'a copied or renamed document is refused; a renamed cluster is a new cluster',
          ...(cluster === place.cluster ? [] : movedHints(file, place.cluster, cluster)),
          ...restoreHints(file),
        ],
      },
    );
  }
  return fields;
}

/** Where the folder of the whole cluster was renamed. */
function movedHints(file: TreePath, from: string, to: string): string[] {
  const at = file.lastIndexOf(`/${from}/pki/`) + 1;
  const tree = file.slice(0, at);
  return [`if its folder was renamed: ${moveBack(`${tree}${from}`, `${tree}${to}`)}`];
}
