const BEGIN = '# cdk8s-pki: begin (generated, edit outside these lines)';
const END = '# cdk8s-pki: end';

/**
 * Puts generated lines between markers into a text that belongs to the user; all other lines stay as they are, and so does their
 * line end. Where there are no markers yet, they come after the line that `after` matches, or at the end.
 */
export function withMarkedLines(
  text: string,
  lines: readonly string[],
  { indent = '', after }: { readonly indent?: string; readonly after?: RegExp } = {},
): string {
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const { rest, place } = withoutBlocks(text === '' ? [] : splitLines(text));
  const found = after === undefined ? -1 : rest.findIndex((line) => after.test(line));
  rest.splice(
    place ?? (found === -1 ? rest.length : found + 1),
    0,
    ...[BEGIN, ...lines, END].map((line) => indent + line),
  );
  return rest.map((line) => line + end).join('');
}

/** The user's own lines of such a text. */
export function unmarkedLines(text: string): readonly string[] {
  return withoutBlocks(splitLines(text)).rest;
}

/** The generated lines of such a text. */
export function markedLines(text: string): readonly string[] {
  const lines = splitLines(text);
  const begin = lines.findIndex((line) => line.trim() === BEGIN);
  const end = lines.findIndex((line, at) => at > begin && isMarker(line));
  return begin === -1 || end === -1 ? [] : lines.slice(begin + 1, end);
}

function splitLines(text: string): string[] {
  return text.replace(/\r?\n$/u, '').split(/\r?\n/u);
}

/** A marker without its partner goes alone: what follows it may be the user's. */
function withoutBlocks(lines: readonly string[]): {
  readonly rest: string[];
  readonly place?: number;
} {
  const rest: string[] = [];
  let place: number | undefined;
  let index = 0;
  while (index < lines.length) {
    const line = lines[index] ?? '';
    const marker = line.trim();
    if (marker !== BEGIN && marker !== END) rest.push(line);
    else if (marker === BEGIN) {
      place ??= rest.length;
      const next = lines.findIndex((other, at) => at > index && isMarker(other));
      if (next !== -1 && lines[next]?.trim() === END) index = next;
    }
    index += 1;
  }
  return place === undefined ? { rest } : { rest, place };
}

function isMarker(line: string): boolean {
  return [BEGIN, END].includes(line.trim());
}
