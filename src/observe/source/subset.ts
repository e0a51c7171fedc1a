export type SubsetValue = string | SubsetMapping | readonly SubsetValue[];
export interface SubsetMapping {
  readonly [key: string]: SubsetValue;
}

/** ASCII, since other text may hold what YAML takes for a line break. */
const ENTRY = /^( *)([A-Za-z][A-Za-z0-9_]{0,99}):(?: ([!-~][ -~]*))?$/u;
const ITEM = /^( *)- (?=[A-Za-z])/u;
const QUOTED = /^"([ !#-[\]-~]*)"$/u;
/** Without spaces there is neither a comment nor a nested key in it. */
const PLAIN = /^[A-Za-z0-9^/+](?:[!-~]*[!-9;-~])?$/u;
const LITERAL = /^ *[!-~][ -~]*$/u;

/** Thrown inside only: the text may still be YAML. */
class Outside extends Error {}

/**
 * Reads the part of YAML that documents of the store are written in: block mappings and lists of them, plain and double-quoted
 * text without escapes, literal blocks. An order of magnitude faster than js-yaml, and there are fifteen documents a cluster.
 *
 * @returns what js-yaml does with its FAILSAFE schema, all scalars as text; undefined for all other text, YAML or not.
 */
export function parseSubset(text: string): SubsetMapping | undefined {
  if (!text.endsWith('\n')) return undefined;
  const lines = text.slice(0, -1).split('\n');
  try {
    const cursor = { lines, at: 0 };
    const mapping = parseMapping(cursor, 0);
    return cursor.at === lines.length ? mapping : undefined;
  } catch (error) {
    if (error instanceof Outside) return undefined;
    throw error;
  }
}

interface Cursor {
  readonly lines: string[];
  at: number;
}

function parseMapping(cursor: Cursor, indent: number): SubsetMapping {
  const mapping: Record<string, SubsetValue> = {};
  for (let match = entryAt(cursor, indent); match !== null; match = entryAt(cursor, indent)) {
    const [, , key = '', value] = match;
    if (Object.hasOwn(mapping, key)) throw new Outside();
    cursor.at += 1;
    mapping[key] =
      value === undefined ? parseNested(cursor, indent) : parseScalar(cursor, value, indent);
  }
  if (Object.keys(mapping).length === 0) throw new Outside();
  return mapping;
}

/** The entry at the cursor; null where the mapping of this indent has ended. */
function entryAt({ lines, at }: Cursor, indent: number): RegExpExecArray | null {
  const line = lines[at];
  if (line === undefined || indentOf(line) < indent) return null;
  const match = ENTRY.exec(line);
  // an item of a list may stand at the indent of the key before it, which has ended then
  if (match === null && indentOf(line) === indent && ITEM.test(line)) return null;
  if (match?.[1]?.length !== indent) throw new Outside();
  return match;
}

function parseNested(cursor: Cursor, indent: number): SubsetValue {
  const line = cursor.lines[cursor.at] ?? '';
  const nested = indentOf(line);
  if (ITEM.test(line) && nested >= indent) return parseList(cursor, nested);
  if (nested <= indent) throw new Outside();
  return parseMapping(cursor, nested);
}

function parseList(cursor: Cursor, indent: number): SubsetValue[] {
  const items: SubsetValue[] = [];
  for (;;) {
    const line = cursor.lines[cursor.at] ?? '';
    if (indentOf(line) !== indent || !ITEM.test(line)) return items;
    cursor.lines[cursor.at] = line.replace('-', ' ');
    items.push(parseMapping(cursor, indent + 2));
  }
}

function parseScalar(cursor: Cursor, text: string, indent: number): string {
  if (text === '|') return parseLiteral(cursor, indent);
  const quoted = QUOTED.exec(text)?.[1];
  if (quoted !== undefined) return quoted;
  if (PLAIN.test(text)) return text;
  throw new Outside();
}

function parseLiteral(cursor: Cursor, indent: number): string {
  const { lines } = cursor;
  const depth = indentOf(lines[cursor.at] ?? '');
  if (depth <= indent) throw new Outside();
  let content = '';
  for (; indentOf(lines[cursor.at] ?? '') >= depth; cursor.at += 1) {
    const line = lines[cursor.at] ?? '';
    if (!LITERAL.test(line)) throw new Outside();
    content += `${line.slice(depth)}\n`;
  }
  return content;
}

/** Spaces at the start; of an empty line -1, which ends everything. */
function indentOf(line: string): number {
  let count = 0;
  while (line.charCodeAt(count) === 0x20) count += 1;
  return line === '' ? -1 : count;
}
