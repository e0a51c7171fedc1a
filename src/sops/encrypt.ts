import { createSecretKey, type KeyObject } from 'node:crypto';
import type { JsonValue } from '../model/desired.ts';
import type { RandomBytes } from '../model/ports.ts';
import { PkiError } from '../errors.ts';
import { wrapDataKey } from './age/data-key.ts';
import { Mac } from './document/mac.ts';
import { compileSelector, fileSelector, type Selector, type Selects } from './document/selector.ts';
import { IV_SIZE, newDataKey, sealValue } from './document/value.ts';
import { scalarOf } from '../go-yaml/scalar.ts';
import { emitYaml } from '../go-yaml/emit.ts';

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export interface EncryptOptions {
  /** Age recipients; each is given the data key. */
  readonly recipients: readonly string[];
  readonly now: Date;
  readonly randomBytes: RandomBytes;
}

export interface EncryptYamlOptions extends EncryptOptions {
  readonly selector: Selector;
}

/** The version of sops whose format and byte style this is. */
const VERSION = '3.13.3';

/**
 * A YAML document encrypted as sops 3.13 does, with a data key of its own. The order of keys is kept.
 * @throws PkiError `ERR_RECIPIENT`, `ERR_SOPS_FORMAT` for a selector that cannot be evaluated, `ERR_ENCRYPT`
 */
export async function encryptYaml(
  document: JsonObject,
  { selector, ...options }: EncryptYamlOptions,
): Promise<string> {
  if (Object.hasOwn(document, 'sops'))
    throw new PkiError('ERR_ENCRYPT', 'the document has a key "sops", which SOPS keeps for itself');
  const { randomBytes } = options;
  const dataKey = newDataKey(randomBytes);
  try {
    const mac = new Mac();
    const selects = compileSelector(fileSelector(selector));
    const key = createSecretKey(dataKey);
    const encrypted = encryptNode(document, [], { key, mac, selects, randomBytes });
    const sops = await metadata(dataKey, selector, { mac, key }, options);
    return emitYaml({ ...(encrypted as JsonObject), sops });
  } finally {
    dataKey.fill(0);
  }
}

/**
 * Octets encrypted as sops does with files of no known format: JSON with one value.
 * @throws PkiError `ERR_RECIPIENT`
 */
export async function encryptBinary(content: Uint8Array, options: EncryptOptions): Promise<string> {
  const { randomBytes } = options;
  const dataKey = newDataKey(randomBytes);
  try {
    const mac = new Mac();
    mac.update(content, true);
    const key = createSecretKey(dataKey);
    const data =
      content.length === 0 ? '' : sealValue(content, 'str', key, 'data:', randomBytes(IV_SIZE));
    const sops = await metadata(dataKey, {}, { mac, key }, options);
    return `${JSON.stringify({ data, sops }, null, '\t')}\n`;
  } finally {
    dataKey.fill(0);
  }
}

interface Encryption {
  readonly key: KeyObject;
  readonly mac: Mac;
  readonly selects: Selects;
  readonly randomBytes: RandomBytes;
}

/** List indexes are not in the path, and nulls are not walked (sops.go). */
function encryptNode(node: JsonValue, path: readonly string[], context: Encryption): JsonValue {
  if (node === null) return null;
  if (Array.isArray(node))
    return (node as readonly JsonValue[]).map((item) => encryptNode(item, path, context));
  if (typeof node === 'object')
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [
        key,
        encryptNode(value, [...path, key], context),
      ]),
    );
  const { mac, key, selects, randomBytes } = context;
  const { type, text } = scalarOf(node);
  const encrypted = selects(path) === true;
  mac.update(text, encrypted);
  if (!encrypted || text === '') return node;
  return sealValue(text, type, key, `${path.join(':')}:`, randomBytes(IV_SIZE));
}

/** The `sops` block, in the alphabetical order of sops 3.13. */
async function metadata(
  dataKey: Uint8Array,
  selector: Selector | Record<string, never>,
  { mac, key }: Pick<Encryption, 'mac' | 'key'>,
  { recipients, now, randomBytes }: EncryptOptions,
): Promise<JsonObject> {
  const lastmodified = now.toISOString().replace(/\.\d+/u, '');
  const sealed = mac.seal(key, lastmodified, randomBytes(IV_SIZE));
  const age = await wrapDataKey(dataKey, recipients, randomBytes);
  const fields = {
    age: age.map(({ enc, recipient }) => ({ enc, recipient })),
    ...selector,
    lastmodified,
    mac: sealed,
    version: VERSION,
  };
  return Object.fromEntries(Object.entries(fields).sort(([one], [two]) => (one < two ? -1 : 1)));
}
