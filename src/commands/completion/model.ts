import type { Option } from 'commander';
import { OPTIONS } from '../options.ts';
import { COMMANDS } from '../table.ts';

/** What can be completed after an option: fixed words, names of files or folders, or nothing. */
export interface CompletionValue {
  /** As in `--help`: `file`. */
  readonly name: string;
  readonly words: readonly string[];
  readonly files: 'file' | 'folder' | null;
}

export interface CompletionOption {
  /** `--output`. */
  readonly long: string;
  /** `-o`. */
  readonly short: string | null;
  readonly description: string;
  readonly isRepeatable: boolean;
  /** Null for a flag without a value. */
  readonly value: CompletionValue | null;
}

export interface CompletionCommand {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly { readonly name: string; readonly words: readonly string[] }[];
  readonly options: readonly CompletionOption[];
}

const HELP: CompletionOption = flag('--help', '-h', 'display help');

/** The options before a command. */
export const PROGRAM_OPTIONS: readonly CompletionOption[] = [
  HELP,
  flag('--version', '-V', 'print the version'),
];

/** How a value's name in `--help` says what it is. */
const FILES: ReadonlyMap<string, 'file' | 'folder'> = new Map([
  ['file', 'file'],
  ['folder', 'folder'],
]);

/** Every command with its options and arguments, from the same tables as the parser. */
export function completionCommands(): CompletionCommand[] {
  return COMMANDS.map((spec) => ({
    name: spec.name,
    summary: spec.summary,
    arguments: (spec.arguments ?? []).map(({ name, choices = [] }) => ({ name, words: choices })),
    options: [
      ...spec.options.map((name) =>
        completionOption(OPTIONS[name](), name === 'output' ? (spec.formats ?? []) : []),
      ),
      HELP,
    ],
  }));
}

function completionOption(option: Option, formats: readonly string[]): CompletionOption {
  const name = /[<[]([^>\]]+)[>\]]/u.exec(option.flags)?.[1];
  return {
    long: option.long ?? '',
    short: option.short ?? null,
    description: option.description,
    isRepeatable: option.description.includes('repeatable'),
    value:
      name === undefined
        ? null
        : { name, words: option.argChoices ?? formats, files: FILES.get(name) ?? null },
  };
}

function flag(long: string, short: string, description: string): CompletionOption {
  return { long, short, description, isRepeatable: false, value: null };
}

/** Both names of an option. */
export function optionNames({ long, short }: CompletionOption): string[] {
  return short === null ? [long] : [long, short];
}
