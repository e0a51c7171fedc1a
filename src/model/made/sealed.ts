import type { JsonValue } from '../desired.ts';
import type { YamlFile } from './tree.ts';

/** A copy of a document in which each value that is to be encrypted, if it is a text, is `seal`. */
export function withSeals<T extends JsonValue>(
  document: T,
  sealed: YamlFile['sealed'],
  seal: string,
): T {
  return sealed.reduce<JsonValue>((copy, path) => replaceAt(copy, path, seal), document) as T;
}

function replaceAt(value: JsonValue, path: readonly string[], seal: string): JsonValue {
  const [key, ...rest] = path;
  if (key === undefined) return typeof value === 'string' ? seal : value;
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value))
    return value.map((item, index) => (String(index) === key ? replaceAt(item, rest, seal) : item));
  const child = Object.hasOwn(value, key) ? value[key] : undefined;
  return child === undefined ? value : { ...value, [key]: replaceAt(child, rest, seal) };
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
