import {
  optionNames,
  PROGRAM_OPTIONS,
  type CompletionCommand,
  type CompletionValue,
} from './model.ts';

/** A script for bash 3.2 and later, also without the bash-completion package. */
export function bashCompletion(commands: readonly CompletionCommand[]): string {
  const programWords = [
    ...commands.map(({ name }) => name),
    'help',
    ...PROGRAM_OPTIONS.flatMap(optionNames),
  ];
  return `# bash completion of cdk8s-pki; to load it: source <(cdk8s-pki completion bash)
_cdk8s_pki() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev='' command='' words='' files='' count=0 i word last=''
  ((COMP_CWORD > 0)) && prev="\${COMP_WORDS[COMP_CWORD - 1]}"
  # bash takes --output=json for three words
  if [[ $cur == '=' ]]; then
    cur=''
  elif [[ $prev == '=' ]]; then
    prev="\${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [[ $word == '=' ]]; then
      last='='
    elif [[ -z $command ]]; then
      [[ $word == -* ]] || command="$word"
    elif [[ $last == '=' ]]; then
      last=''
    elif [[ $word == -* ]]; then
      last="$word"
    elif _cdk8s_pki_takes_value "$command" "$last"; then
      last=''
    else
      count=$((count + 1)) last=''
    fi
  done
  case "$command" in
    '') words='${programWords.join(' ')}' ;;
    help) ((count == 0)) && words='${commands.map(({ name }) => name).join(' ')}' ;;
${commands.map(commandCase).join('\n')}
  esac
  local IFS=$' \\t\\n'
  COMPREPLY=()
  if [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    IFS=$'\\n'
    COMPREPLY=($(compgen "-$files" -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
}
_cdk8s_pki_takes_value() {
  case "$1 $2" in
    ${valueOptions(commands)}) return 0 ;;
  esac
  return 1
}
complete -F _cdk8s_pki cdk8s-pki
`;
}

function commandCase({ name, options, arguments: positional }: CompletionCommand): string {
  const values = options.flatMap((option) =>
    option.value === null
      ? []
      : [`        ${optionNames(option).join(' | ')}) ${assignment(option.value)} ;;`],
  );
  const places = positional.flatMap(({ words }, index) =>
    words.length === 0 ? [] : [`            ${index}) words='${words.join(' ')}' ;;`],
  );
  const argument =
    places.length === 0 ? [] : ['          case $count in', ...places, '          esac'];
  return [
    `    ${name})`,
    '      case "$prev" in',
    ...values,
    '        *)',
    ...argument,
    `          [[ $cur == -* || -z $words ]] && words='${options.flatMap(optionNames).join(' ')}'`,
    '          ;;',
    '      esac',
    '      ;;',
  ].join('\n');
}

function assignment({ words, files }: CompletionValue): string {
  if (files !== null) return `files='${files === 'file' ? 'f' : 'd'}'`;
  return `words='${words.join(' ')}'`;
}

function valueOptions(commands: readonly CompletionCommand[]): string {
  const patterns = commands.flatMap(({ name, options }) =>
    options
      .filter(({ value }) => value !== null)
      .flatMap(optionNames)
      .map((option) => `'${name} ${option}'`),
  );
  return patterns.join(' | ');
}
