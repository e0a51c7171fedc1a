const BEGIN = '# cdk8s-pki: begin (generated, edit outside these lines)';
const END = '# cdk8s-pki: end';

/**
 * Puts generated lines between markers into a text that belongs to the user; all other lines stay as they are. Where there are no
 * markers yet, they come after the line that `after` matches, or at the end.
 */
export function withMarkedLines(
  text: string,
  lines: readonly string[],
  { indent = '', after }: { readonly indent?: string; readonly after?: RegExp } = {},
): string {
  const block = [
    `${indent}${BEGIN}`,
    ...lines.map((line) => `${indent}${line}`),
    `${indent}${END}`,
  ];
  const all = text === '' ? [] : text.replace(/\n$/u, '').split('\n');
  const begin = all.findIndex((line) => line.trim() === BEGIN);
  const end = all.findIndex((line) => line.trim() === END);
  if (begin !== -1 && end > begin) all.splice(begin, end - begin + 1, ...block);
  else {
    const place = after === undefined ? -1 : all.findIndex((line) => after.test(line));
    all.splice(place === -1 ? all.length : place + 1, 0, ...block);
  }
  return `${all.join('\n')}\n`;
}
