import { isAlias, isMap, isScalar, isSeq, parseDocument, type Scalar as YamlScalar } from 'yaml';
import type { JsonValue } from '../../model/desired.ts';
import { formatError, showPath } from '../document/error.ts';
import { float, type Scalar } from '../../go-yaml/scalar.ts';
import { resolve, type Resolved } from '../../go-yaml/resolve.ts';

/** A YAML document as sops walks it. Entries and not objects: objects put integer-like keys first. */
export type Node =
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, Node])[] }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'scalar'; readonly scalar: Scalar }
  | { readonly kind: 'null' };

export type MapNode = Extract<Node, { kind: 'map' }>;

type Path = readonly string[];

/**
 * Parses one YAML document, with its plain scalars resolved as go-yaml does.
 * @throws PkiError `ERR_SOPS_FORMAT` for anything that sops would not have written
 */
export function parseYaml(text: string): MapNode {
  if (/[\u0085\u2028\u2029]/u.test(text))
    throw formatError('it holds a raw NEL, LS or PS, which YAML 1.1 and 1.2 read differently');
  const document = parseDocument(text, {
    schema: 'failsafe',
    prettyErrors: false,
    logLevel: 'error', // 'silent' would also silence a second document
    keepSourceTokens: false,
  });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = text.slice(0, error.pos[0]).split('\n').length;
    throw formatError(`it is not one YAML document: ${error.code} in line ${line}`);
  }
  const node = convert(document.contents, []);
  if (node.kind !== 'map') throw formatError('it is not a YAML mapping');
  return node;
}

function convert(node: unknown, path: Path): Node {
  if (isMap(node)) {
    const entries = node.items.map(({ key, value }) => {
      const name = keyText(key, path);
      return [name, convert(value, [...path, name])] as const;
    });
    // The parser compares keys by their text and tag; `!!merge <<` and `"<<"` are the same to sops.
    if (new Set(entries.map(([name]) => name)).size !== entries.length)
      throw formatError(`${showPath(path)} has the same key twice`);
    return { kind: 'map', entries };
  }
  if (isSeq(node)) return { kind: 'list', items: node.items.map((item) => convert(item, path)) };
  if (isAlias(node)) throw formatError(`${showPath(path)} is an alias, which sops never writes`);
  if (node === null || node === undefined) return { kind: 'null' };
  if (!isScalar(node)) throw formatError(`${showPath(path)} is not a YAML value`);
  const resolved = scalar(node, path);
  return resolved === 'null' ? { kind: 'null' } : { kind: 'scalar', scalar: resolved };
}

function keyText(key: unknown, path: Path): string {
  const resolved = isScalar(key) ? scalar(key, path) : 'null';
  if (resolved === 'null' || resolved.type !== 'str')
    throw formatError(`${showPath(path)} has a key that is not a string`);
  return resolved.text;
}

/** What go-yaml makes of an explicit tag. */
const TAGS: Readonly<Record<string, (resolved: Resolved, text: string) => Resolved>> = {
  'tag:yaml.org,2002:str': (_, text) => string(text),
  // How sops writes the string `<<`.
  'tag:yaml.org,2002:merge': (_, text) => string(text),
  'tag:yaml.org,2002:null': (resolved) => (resolved === 'null' ? resolved : 'unsupported'),
  'tag:yaml.org,2002:bool': (resolved) => only(resolved, 'bool'),
  'tag:yaml.org,2002:int': (resolved) => only(resolved, 'int'),
  'tag:yaml.org,2002:timestamp': (resolved) => only(resolved, 'time'),
  'tag:yaml.org,2002:float': (resolved) => {
    if (typeof resolved === 'object' && resolved.type === 'int')
      return float(Number(resolved.text));
    return only(resolved, 'float');
  },
};

function scalar(node: YamlScalar, path: Path): Scalar | 'null' {
  // The source, without quotes and escapes: the library makes other values of !!binary and !!merge.
  const text = node.source ?? String(node.value);
  let resolved: Resolved;
  if (node.tag !== undefined) {
    const apply = TAGS[node.tag];
    resolved = apply === undefined ? 'unsupported' : apply(resolve(text), text);
  } else resolved = node.type === 'PLAIN' ? resolve(text) : string(text);
  if (resolved === 'unsupported')
    throw formatError(`${showPath(path)} is a value that JSON or sops cannot hold exactly`);
  return resolved;
}

function only(resolved: Resolved, type: Scalar['type']): Resolved {
  return typeof resolved === 'object' && resolved.type === type ? resolved : 'unsupported';
}

function string(text: string): Scalar {
  return { type: 'str', text, value: text };
}

/** The plain data of a node. A time becomes its RFC 3339 text. */
export function toJson(node: Node): JsonValue {
  switch (node.kind) {
    case 'null':
      return null;
    case 'scalar':
      return node.scalar.value;
    case 'list':
      return node.items.map(toJson);
    case 'map':
      return Object.fromEntries(node.entries.map(([key, value]) => [key, toJson(value)]));
  }
}
