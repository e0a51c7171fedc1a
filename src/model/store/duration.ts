import type { Seconds } from '../names.ts';

const UNITS = [
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** A span as Go and Kubernetes write it, without zero parts: `8760h`, `1h30m`. */
export function formatDuration(span: Seconds): string {
  let rest = span;
  let text = '';
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : text;
}

/** Reads what `formatDuration` writes; undefined for anything else. */
export function parseDuration(text: string): Seconds | undefined {
  const match = /^(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/u.exec(text);
  if (match === null || text === '') return undefined;
  return UNITS.reduce((sum, [, size], index) => sum + Number(match[index + 1] ?? 0) * size, 0);
}
