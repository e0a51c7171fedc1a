import type { JsonValue } from '../../model/desired.ts';

/**
 * JSON data as block YAML, for files of thousands of nodes: many times faster than a YAML library, which has to ask of every text what
 * it could be read as. A text is left plain only where no reader could take it for anything else.
 */
export function blockYaml(value: JsonValue): string {
  return block(value, '', '');
}

/**
 * A letter, a slash or a flag's dashes, then no white space, no quote, no comment, no colon at the end; an IPv4 address; a quantity of
 * millicores or mebibytes.
 */
const PLAIN =
  /^(?:(?:--)?[A-Za-z/_][-A-Za-z0-9_./:=,+*[\]]*(?<!:)|\d{1,3}(?:\.\d{1,3}){3}|\d+(?:m|Mi))$/u;

/** Words that YAML 1.1 or 1.2 reads as something else. */
const WORDS = /^(?:true|false|yes|no|on|off|y|n|null|nan|inf)$/iu;

function scalar(value: JsonValue): string {
  if (typeof value === 'string' && PLAIN.test(value) && !WORDS.test(value)) return value;
  return JSON.stringify(value);
}

const isNested = (value: JsonValue): value is object & JsonValue =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;

/** `lead` stands before the first line, `indent` before the others. */
function block(value: JsonValue, lead: string, indent: string): string {
  if (!isNested(value)) return `${lead}${scalar(value)}\n`;
  let text = '';
  let start = lead;
  if (Array.isArray(value))
    for (const item of value as readonly JsonValue[]) {
      text += block(item, `${start}- `, `${indent}  `);
      start = indent;
    }
  else
    for (const [key, item] of Object.entries(value as Readonly<Record<string, JsonValue>>)) {
      text += `${start}${scalar(key)}:`;
      const deeper = Array.isArray(item) ? indent : `${indent}  `;
      text += isNested(item) ? `\n${block(item, deeper, deeper)}` : ` ${scalar(item)}\n`;
      start = indent;
    }
  return text;
}
