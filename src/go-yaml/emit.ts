import type { JsonValue } from '../model/desired.ts';
import { scalarOf, shortest } from './scalar.ts';
import { doubleQuoted, fitsBlock, oneLine } from './style.ts';

/** The default of sops, `stores.yaml.indent`. */
const SOPS_INDENT = 4;
/** The length in octets up to which go-yaml's emitter writes a key without `? `. */
const SIMPLE_KEY = 128;

interface Place {
  /** Of each level; go-yaml's `best_indent`. */
  readonly indent: number;
  /** Column of the node's own lines. */
  readonly column: number;
  /** Whether the node stands directly in a sequence, behind its dash. */
  readonly inSequence: boolean;
  /** Whether it is the value of an explicit key: it then begins behind the colon, at its own column. */
  readonly explicit?: true;
}

/**
 * A document in the bytes that go-yaml writes, with its usual indent those of sops 3.13. Written out here because each scalar's
 * style and each indentation is go-yaml's (emitterc.go), and nothing would be left to a library but joining lines. Libraries build a
 * tree of nodes first, which takes ten times as long.
 *
 * @param indent - columns of each level, 2 to 9
 */
export function emitYaml(
  document: { readonly [key: string]: JsonValue },
  indent: number = SOPS_INDENT,
): string {
  const lines: string[] = [];
  emitMapping(Object.entries(document), { indent, column: 0 }, '', lines);
  return `${lines.join('\n')}\n`;
}

/** go-yaml aligns to multiples of the indent, except behind a dash (`yaml_emitter_increase_indent`). */
function deeper({ indent, column, inSequence }: Place): number {
  return inSequence ? column + 2 : indent * Math.floor((column + indent) / indent);
}

/** `lead` is what already stands on the first line, up to the column: a dash or a colon, or nothing. */
function emitMapping(
  entries: readonly (readonly [string, JsonValue])[],
  { indent, column }: Pick<Place, 'indent' | 'column'>,
  lead: string,
  lines: string[],
): void {
  const spaces = ' '.repeat(column);
  const place = { indent, column, inSequence: false };
  let start = lead === '' ? spaces : lead;
  for (const [key, value] of entries) {
    const written = oneLine(key);
    if (isSimpleKey(key)) emitNode(value, place, `${start}${written}:`, lines);
    else {
      lines.push(`${start}? ${written}`);
      emitNode(value, { ...place, explicit: true }, `${spaces}:`, lines);
    }
    start = spaces;
  }
}

/** What go-yaml's emitter writes without `? `: YAML 1.1 counts more breaks than a line feed. */
function isSimpleKey(key: string): boolean {
  return !/[\n\r\u0085\u2028\u2029]/u.test(key) && Buffer.byteLength(key) <= SIMPLE_KEY;
}

/** Writes a value behind `before`, which ends in a colon or a dash. */
function emitNode(value: JsonValue, place: Place, before: string, lines: string[]): void {
  if (typeof value !== 'object' || value === null) {
    emitScalar(value, place, before, lines);
    return;
  }
  const { indent } = place;
  const column = deeper(place);
  const sameLine = place.inSequence || place.explicit === true;
  const lead = sameLine ? before.padEnd(column) : '';
  if (isList(value)) {
    if (value.length === 0) lines.push(`${before} []`);
    else {
      if (!sameLine) lines.push(before);
      emitSequence(value, { indent, column }, lead, lines);
    }
    return;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) {
    lines.push(`${before} {}`);
    return;
  }
  if (!sameLine) lines.push(before);
  emitMapping(entries, { indent, column }, lead, lines);
}

function emitSequence(
  items: readonly JsonValue[],
  { indent, column }: Pick<Place, 'indent' | 'column'>,
  lead: string,
  lines: string[],
): void {
  const spaces = ' '.repeat(column);
  items.forEach((item, index) => {
    const start = index === 0 && lead !== '' ? lead : spaces;
    emitNode(item, { indent, column, inSequence: true }, `${start}-`, lines);
  });
}

function emitScalar(
  value: string | number | boolean | null,
  place: Place,
  before: string,
  lines: string[],
): void {
  if (typeof value === 'string' && value.includes('\n')) emitText(value, place, before, lines);
  else lines.push(`${before} ${scalarText(value)}`);
}

function scalarText(value: string | number | boolean | null): string {
  if (typeof value === 'string') return oneLine(value);
  if (typeof value !== 'number') return String(value);
  const { type, text } = scalarOf(value);
  return type === 'int' ? text : shortest(value);
}

/** A text of several lines: a literal block scalar where it can be one. */
function emitText(value: string, place: Place, before: string, lines: string[]): void {
  const column = deeper(place);
  const leading = value.startsWith(' ') || value.startsWith('\n');
  // go-yaml's indentation indicator is always the indent, and wrong elsewhere.
  if (!fitsBlock(value) || (leading && column !== place.column + place.indent)) {
    lines.push(`${before} ${doubleQuoted(value)}`);
    return;
  }
  const chomping = !value.endsWith('\n') ? '-' : /(?:^|\n)\n$/u.test(value) ? '+' : '';
  lines.push(`${before} |${leading ? place.indent : ''}${chomping}`);
  const spaces = ' '.repeat(column);
  const body = value.endsWith('\n') ? value.slice(0, -1) : value;
  for (const line of body.split('\n')) lines.push(line === '' ? '' : spaces + line);
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
