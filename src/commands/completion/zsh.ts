import {
  optionNames,
  PROGRAM_OPTIONS,
  type CompletionCommand,
  type CompletionOption,
} from './model.ts';

/** A script for zsh: a file named `_cdk8s-pki` in `$fpath`, or sourced after compinit. */
export function zshCompletion(commands: readonly CompletionCommand[]): string {
  const described = [
    ...commands.map(({ name, summary }) => quote(`${name}:${summary.replaceAll(':', '\\:')}`)),
    quote('help:display help for a command'),
  ];
  return `#compdef cdk8s-pki
# zsh completion of cdk8s-pki; to load it: source <(cdk8s-pki completion zsh)
_cdk8s-pki() {
  local curcontext="$curcontext" state state_descr line
  typeset -A opt_args
  local -a commands
  commands=(
    ${described.join('\n    ')}
  )
  _arguments -C \\
    ${PROGRAM_OPTIONS.map(optionSpec).join(' \\\n    ')} \\
    '1: :->command' \\
    '*:: :->arguments'
  case $state in
    command) _describe -t commands 'command' commands ;;
    arguments)
      case $words[1] in
        help) _arguments ${quote(`1:command:(${commands.map(({ name }) => name).join(' ')})`)} ;;
${commands.map(commandCase).join('\n')}
      esac
      ;;
  esac
}
if [[ $funcstack[1] == _cdk8s-pki ]]; then
  _cdk8s-pki "$@"
else
  compdef _cdk8s-pki cdk8s-pki
fi
`;
}

function commandCase({ name, options, arguments: positional }: CompletionCommand): string {
  const specs = [
    ...options.map(optionSpec),
    ...positional.map((argument, index) =>
      quote(`${index + 1}:${argument.name}:${action(argument.words, null)}`),
    ),
  ];
  return `        ${name})
          _arguments \\
            ${specs.join(' \\\n            ')}
          ;;`;
}

/** `_arguments`' form: what it excludes, its names, `[description]`, `:value:action`. */
function optionSpec(option: CompletionOption): string {
  const { description, isRepeatable, value } = option;
  const names = optionNames(option);
  const text = description.replaceAll(/[[\]:\\]/gu, String.raw`\$&`);
  const values = value === null ? '' : `:${value.name}:${action(value.words, value.files)}`;
  const prefix = isRepeatable ? '*' : names.length > 1 ? `(${names.join(' ')})` : '';
  return names.length > 1
    ? `${quote(prefix)}{${names.join(',')}}${quote(`[${text}]${values}`)}`
    : quote(`${prefix}${names[0] ?? ''}[${text}]${values}`);
}

function action(words: readonly string[], files: 'file' | 'folder' | null): string {
  if (files !== null) return files === 'file' ? '_files' : '_files -/';
  return words.length > 0 ? `(${words.join(' ')})` : ' ';
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
