import { printable, type Output, type Style } from '../../../output.ts';

export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

/** kubeadm's `tabwriter.NewWriter(writer, 10, 4, 3, ' ', 0)`. */
const LEAST_WIDTH = 10;
const PADDING = 3;

/** Lines of aligned columns; the last cell of a line is not padded. Control characters cannot steer the terminal. */
export function formatTable(rows: readonly (readonly Cell[])[], paint: Output['paint']): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, { text }] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? LEAST_WIDTH, text.length + PADDING);
    }
  }
  return rows.map((row) => {
    const last = row.findLastIndex(({ text }) => text !== '');
    return row
      .slice(0, last + 1)
      .map(({ text, style }, column) => {
        const shown = cellText(text);
        const padding = column === last ? '' : ' '.repeat((widths[column] ?? 0) - shown.length);
        return (style === undefined ? shown : paint(style, shown)) + padding;
      })
      .join('');
  });
}

/** One line without control characters, of the same length. */
export function cellText(text: string): string {
  return printable(text).replaceAll(/[\t\n\u2028\u2029]/gu, ' ');
}
