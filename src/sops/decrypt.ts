import { PkiError } from '../errors.ts';
import { unwrapDataKey } from './age/data-key.ts';
import type { Identities } from './age/identity.ts';
import { shorten } from './age/recipient.ts';
import { formatError, showPath } from './document/error.ts';
import { Mac } from './document/mac.ts';
import { metadataOf, parse, type Metadata } from './document/metadata.ts';
import { compileSelector, type Selects } from './document/selector.ts';
import { isSealed, openValue, type Opened } from './document/value.ts';
import type { JsonObject } from './encrypt.ts';
import { bool, float, int, type Scalar } from '../go-yaml/scalar.ts';
import { parseYaml, toJson, type MapNode, type Node } from './document/parse.ts';
import { rfc3339Nano } from '../go-yaml/timestamp.ts';

export interface DecryptOptions {
  /** Who may be a recipient of the file: any other one is refused before anything is decrypted. */
  readonly recipients?: Iterable<string>;
}

/**
 * Decrypts a YAML document of sops or of {@link encryptYaml}; the MAC is always checked. Comments are dropped,
 * times become RFC 3339 text.
 * @throws PkiError `ERR_SOPS_FORMAT`, `ERR_UNKNOWN_RECIPIENT`, `ERR_DECRYPT`, `ERR_MAC`
 */
export async function decryptYaml(
  text: string,
  identities: Identities,
  options: DecryptOptions = {},
): Promise<JsonObject> {
  const root = parseYaml(text);
  const { entries } = root;
  const sops = entries.filter(([key]) => key === 'sops').map(([, node]) => toJson(node))[0];
  const metadata = metadataOf({ sops }, 'yaml');
  checkRecipients(metadata, options.recipients);
  const mac = new Mac(metadata.macOnlyEncrypted);
  const selects = metadata.selector === null ? () => true : compileSelector(metadata.selector);
  const content: MapNode = { kind: 'map', entries: entries.filter(([key]) => key !== 'sops') };
  const dataKey = await unwrapDataKey(metadata.age, identities);
  try {
    const decrypted = decryptNode(content, [], { dataKey, mac, selects });
    mac.check(metadata.mac, dataKey, metadata.macData);
    return toJson(decrypted ?? { kind: 'null' }) as JsonObject;
  } finally {
    dataKey.fill(0);
  }
}

/**
 * Decrypts a binary file of sops or of {@link encryptBinary}; the MAC is always checked.
 * @throws PkiError as {@link decryptYaml}
 */
export async function decryptBinary(
  text: string,
  identities: Identities,
  options: DecryptOptions = {},
): Promise<Uint8Array> {
  const document = parse(text, 'binary');
  const metadata = metadataOf(document, 'binary');
  const { data } = document as { data?: unknown };
  if (typeof data !== 'string') throw formatError('it has no "data": it is not a binary SOPS file');
  checkRecipients(metadata, options.recipients);
  const dataKey = await unwrapDataKey(metadata.age, identities);
  const mac = new Mac(metadata.macOnlyEncrypted);
  try {
    const bytes = data === '' ? Buffer.alloc(0) : openValue(data, dataKey, 'data:', '"data"').bytes;
    mac.update(bytes, true);
    mac.check(metadata.mac, dataKey, metadata.macData);
    return bytes;
  } finally {
    dataKey.fill(0);
  }
}

/** @throws PkiError `ERR_UNKNOWN_RECIPIENT` */
export function checkRecipients(
  { recipients }: Metadata,
  allowed: Iterable<string> | undefined,
): void {
  if (allowed === undefined) return;
  const known = new Set(allowed);
  const unknown = recipients.filter((recipient) => !known.has(recipient));
  if (unknown.length === 0) return;
  throw new PkiError(
    'ERR_UNKNOWN_RECIPIENT',
    `it names a recipient that is not declared: ${unknown.map(shorten).join(', ')}`,
    {
      hint: [
        'find out in git log who added it: "sops rotate" would give it the data key',
        'declare it, or restore the file from git',
      ],
    },
  );
}

interface Decryption {
  readonly dataKey: Uint8Array;
  readonly mac: Mac;
  readonly selects: Selects;
}

/** Null for an encrypted comment, which stands as an item of its own in a list. */
function decryptNode(node: Node, path: readonly string[], context: Decryption): Node | null {
  switch (node.kind) {
    case 'null':
      return node;
    case 'map':
      return {
        kind: 'map',
        entries: node.entries.map(([key, value]) => {
          const decrypted = decryptNode(value, [...path, key], context);
          return [key, decrypted ?? { kind: 'null' }] as const;
        }),
      };
    case 'list':
      return {
        kind: 'list',
        items: node.items
          .map((item) => decryptNode(item, path, context))
          .filter((item) => item !== null),
      };
    case 'scalar':
      return decryptScalar(node.scalar, path, context);
  }
}

function decryptScalar(
  scalar: Scalar,
  path: readonly string[],
  { dataKey, mac, selects }: Decryption,
): Node | null {
  // By comment selectors only the form shows it; a value put in the clear changes the MAC.
  const encrypted = selects(path) ?? (scalar.type === 'str' && isSealed(scalar.text));
  if (!encrypted || (scalar.type === 'str' && scalar.text === '')) {
    mac.update(scalar.text, encrypted);
    return { kind: 'scalar', scalar };
  }
  const what = showPath(path);
  if (scalar.type !== 'str') throw formatError(`${what} should be encrypted and is not`);
  const opened = openValue(scalar.text, dataKey, `${path.join(':')}:`, what);
  try {
    if (opened.type === 'comment') return null;
    const value = typed(opened, what);
    mac.update(value.text, true);
    return { kind: 'scalar', scalar: value };
  } finally {
    opened.bytes.fill(0);
  }
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

function typed({ type, bytes }: Opened, what: string): Scalar {
  const text = bytes.toString();
  if (!Buffer.from(text).equals(bytes))
    throw formatError(`${what} holds octets that are not UTF-8`);
  const scalar = scalarOfType(type, text);
  if (scalar === undefined)
    throw formatError(`${what} is of type "${type}" with a value that cannot be held exactly`);
  return scalar;
}

function scalarOfType(type: string, text: string): Scalar | undefined {
  switch (type) {
    case 'str':
    case 'bytes':
      return { type: 'str', text, value: text };
    case 'int':
      return /^[-+]?\d+$/u.test(text) ? int(BigInt(text.replace('+', ''))) : undefined;
    case 'float': {
      const value = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/u.test(text) ? Number(text) : NaN;
      return Number.isFinite(value) ? float(value) : undefined;
    }
    case 'bool':
      return TRUE.has(text) || FALSE.has(text) ? bool(TRUE.has(text)) : undefined;
    case 'time': {
      const time = rfc3339Nano(text);
      return time === undefined ? undefined : { type: 'time', text: time, value: time };
    }
    default:
      return undefined;
  }
}
