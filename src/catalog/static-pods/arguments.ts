import type { ComponentSettings } from './input.ts';

/** A flag without its dashes, and its value. */
export type Argument = readonly [name: string, value: string];

/** Extra arguments in the order in which they were declared, a list as one flag each. */
export function extraArguments({ extraArgs = {} }: ComponentSettings): Argument[] {
  return Object.entries(extraArgs).flatMap(([name, values]) =>
    [values].flat().map((value): Argument => [name, value]),
  );
}

/**
 * As kubeadm's ArgumentsToCommand: the base sorted by name, less what the extra arguments name; then those, as they were given.
 */
export function mergeArguments(base: readonly Argument[], extra: readonly Argument[]): Argument[] {
  const named = new Set(extra.map(([name]) => name));
  const kept = base.filter(([name]) => !named.has(name));
  return [...kept.sort(([a], [b]) => (a < b ? -1 : 1)), ...extra];
}

export const commandLine = (program: string, merged: readonly Argument[]): string[] => [
  program,
  ...merged.map(([name, value]) => `--${name}=${value}`),
];
