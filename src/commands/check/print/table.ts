import { printable, type Output, type Style } from '../../../output.ts';

export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

/** kubeadm's `tabwriter.NewWriter(writer, 10, 4, 3, ' ', 0)`. */
const LEAST_WIDTH = 10;
const PADDING = 3;

/**
 * Lines of aligned columns; the last cell of a line is not padded. Control characters cannot steer the terminal. Cells are made twice,
 * for their widths and for their lines: those of a fleet, kept, take several times the memory of what they show.
 */
export function* tableLines<T>(
  items: readonly T[],
  cellsOf: (item: T) => readonly Cell[],
  paint: Output['paint'],
): Generator<string> {
  const widths: number[] = [];
  for (const item of items) {
    for (const [column, { text }] of cellsOf(item).entries()) {
      widths[column] = Math.max(widths[column] ?? LEAST_WIDTH, text.length + PADDING);
    }
  }
  for (const item of items) yield lineOf(cellsOf(item), widths, paint);
}

function lineOf(cells: readonly Cell[], widths: readonly number[], paint: Output['paint']): string {
  const last = cells.findLastIndex(({ text }) => text !== '');
  return cells
    .slice(0, last + 1)
    .map(({ text, style }, column) => {
      const shown = cellText(text);
      const padding = column === last ? '' : ' '.repeat((widths[column] ?? 0) - shown.length);
      return (style === undefined ? shown : paint(style, shown)) + padding;
    })
    .join('');
}

/** One line without control characters, of the same length. */
export function cellText(text: string): string {
  return printable(text).replaceAll(/[\t\n\u2028\u2029]/gu, ' ');
}
