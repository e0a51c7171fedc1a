/** Longer names are cut: the report is for people, and its size is bounded. */
const LONGEST = 160;

/** Control characters, and those that reorder or hide text (bidirectional marks, zero widths, line separators, tags). */
const UNSEEN =
  // eslint-disable-next-line no-control-regex, no-misleading-character-class -- exactly these are meant
  /[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu;

/** A name from the tree on one line, as it can be seen: what could steer a terminal or deceive a reader is written out. */
export function visible(text: string, longest = LONGEST): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut
    .toWellFormed()
    .replaceAll(
      UNSEEN,
      (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`,
    );
}

/** A name as a code span, where no character means anything: no mention, link, HTML or emphasis (GitHub Flavored Markdown §6.1). */
export function code(text: string): string {
  // a pipe ends a cell of a table even within code
  const content = visible(text).replaceAll('|', String.raw`\u{7C}`);
  const longest = Math.max(0, ...[...content.matchAll(/`+/gu)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = /^[` ]|[` ]$|^$/u.test(content) ? ' ' : '';
  return `${fence}${pad}${content}${pad}${fence}`;
}

/** A word that means nothing in Markdown, whoever wrote it: forges link `GH-12` and hexadecimal numbers. */
const PLAIN = /^(?!GH-\d)(?!(?=.*\d)[0-9a-f]{7,40}$)[a-z0-9][a-z0-9'-]*$/iu;

/** A sentence of ours with names of others in it: what is quoted becomes code, and so does each word that is more than a plain one. */
export function prose(text: string, longest = 1000): string {
  return visible(text, longest)
    .split(/"([^"]+)"/u)
    .map((part, index) => (index % 2 === 1 ? code(part) : part.split(' ').map(word).join(' ')))
    .join('');
}

function word(text: string): string {
  const [, open = '', name = '', close = ''] = /^([("]*)(.*?)([,;:.)"]*)$/u.exec(text) ?? [];
  return name === '' || PLAIN.test(name) ? text : `${open}${code(name)}${close}`;
}

/** A name inside HTML, as of a `summary`. */
export function html(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return `<code>${visible(text).replaceAll(/[&<>"]/gu, (sign) => entities[sign] ?? sign)}</code>`;
}
