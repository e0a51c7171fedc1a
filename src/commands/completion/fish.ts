import { PROGRAM_OPTIONS, type CompletionCommand, type CompletionOption } from './model.ts';

/** A script for fish: sourced, or a file in `~/.config/fish/completions`. */
export function fishCompletion(commands: readonly CompletionCommand[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const first = '__fish_use_subcommand';
  return [
    '# fish completion of cdk8s-pki; to load it: cdk8s-pki completion fish | source',
    line('-f'),
    ...PROGRAM_OPTIONS.map((option) => optionLine(first, option)),
    ...commands.map(({ name, summary }) =>
      line(`-n ${first}`, `-a ${name}`, `-d ${quote(summary)}`),
    ),
    line(`-n ${first}`, '-a help', `-d ${quote('display help for a command')}`),
    line(`-n ${quote('__fish_seen_subcommand_from help')}`, `-a ${quote(names)}`),
    ...commands.flatMap(commandLines),
    '',
  ].join('\n');
}

function commandLines(command: CompletionCommand): string[] {
  const seen = `__fish_seen_subcommand_from ${command.name}`;
  const words = command.arguments.flatMap((argument) => argument.words);
  const condition = `${seen}; and not __fish_seen_subcommand_from ${words.join(' ')}`;
  return [
    ...(words.length === 0 ? [] : [line(`-n ${quote(condition)}`, `-a ${quote(words.join(' '))}`)]),
    ...command.options.map((option) => optionLine(quote(seen), option)),
  ];
}

function optionLine(
  condition: string,
  { long, short, description, value }: CompletionOption,
): string {
  const words =
    value === null || value.words.length === 0 ? [] : [`-a ${quote(value.words.join(' '))}`];
  const kinds = {
    file: ['-r', '-F'],
    folder: ['-x', `-a ${quote('(__fish_complete_directories)')}`],
  };
  const takes = value === null ? [] : value.files === null ? ['-x', ...words] : kinds[value.files];
  return line(
    `-n ${condition}`,
    `-l ${long.slice(2)}`,
    ...(short === null ? [] : [`-s ${short.slice(1)}`]),
    ...takes,
    `-d ${quote(description)}`,
  );
}

function line(...parts: readonly string[]): string {
  return `complete -c cdk8s-pki ${parts.join(' ')}`;
}

/** fish knows two escapes inside single quotes. */
function quote(text: string): string {
  return `'${text.replaceAll(/[\\']/gu, String.raw`\$&`)}'`;
}
