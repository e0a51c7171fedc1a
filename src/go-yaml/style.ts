import { resolve } from './resolve.ts';

/** YAML 1.1 booleans, which older parsers still read (go-yaml `isOldBool`). */
const OLD_BOOLEAN = /^(?:[yYnN]|[yY]es|YES|[oO]n|ON|[nN]o|NO|[oO]ff|OFF)$/u;
/** go-yaml `isBase60Float`. */
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/u;
/** Numbers of YAML 1.1 and 1.2 that go-yaml takes for strings, because of their form or size. */
const OTHER_NUMBER =
  /^[-+]?(?:0[box][0-9a-fA-F_]*|(?:[0-9][0-9_]*)?(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?)$/u;
/** Dates of YAML 1.1, which does not look whether the month has such a day. */
const DATE = /^\d{4}-\d\d?-\d\d?(?:$|[Tt \t])/u;
/** Words with a meaning in YAML 1.1 maps. */
const SPECIAL = /^(?:<<|=)$/u;

const OTHER_TYPES = [OLD_BOOLEAN, BASE_60, OTHER_NUMBER, DATE, SPECIAL];

/** What `yaml_emitter_analyze_scalar` calls block indicators. */
const INDICATOR = /^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[-?:](?:[ \t]|$))|:(?:[ \t]|$)|[ \t]#/u;
/** Not to stand raw: controls, NEL, LS and PS (breaks to YAML 1.1), a BOM, non-characters, beyond the BMP. */
const UNPRINTABLE = /[^\n\t\u0020-\u007e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u;

const ESCAPED =
  /[^\u0020\u0021\u0023-\u005b\u005d-\u007e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/gu;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\0', '\\0'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\v', '\\v'],
  ['\f', '\\f'],
  ['\r', '\\r'],
  ['\x1b', '\\e'],
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\x85', '\\N'],
  ['\u2028', '\\L'],
  ['\u2029', '\\P'],
]);

/** Most texts: neither a word of another type, all of which are shorter, nor a number, nor anything with an indicator. */
const PLAIN = /^[A-Za-z/][-\w./+=:]{4,}[-\w./+=]$/u;

/**
 * A string on one line, in the style that go-yaml's emitter chooses, so that every reader sees a string:
 * plain; single quotes where plain has a meaning; double quotes where plain resolves to another type.
 */
export function oneLine(text: string): string {
  if (PLAIN.test(text)) return text;
  if (UNPRINTABLE.test(text) || /[\n\t]/u.test(text)) return doubleQuoted(text);
  const resolved = resolve(text);
  const isString = typeof resolved === 'object' && resolved.type === 'str';
  if (!isString || OTHER_TYPES.some((form) => form.test(text))) return doubleQuoted(text);
  if (INDICATOR.test(text) || text.startsWith(' ') || text.endsWith(' '))
    return `'${text.replaceAll("'", "''")}'`;
  return text;
}

/** Whether a text of several lines may be a literal block scalar; go-yaml cannot read one that begins with a tab. */
export function fitsBlock(text: string): boolean {
  return !UNPRINTABLE.test(text) && !/ (?:\n|$)|(?:^|\n)\t/u.test(text);
}

export function doubleQuoted(text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new TypeError('a string holds a lone surrogate');
  return `"${text.replace(ESCAPED, escape)}"`;
}

function escape(character: string): string {
  const known = ESCAPES.get(character);
  if (known !== undefined) return known;
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`;
  // Never as two surrogates, which go-yaml refuses.
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}
