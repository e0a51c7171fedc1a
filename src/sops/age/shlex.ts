/**
 * Splits a command into words as github.com/google/shlex does, which sops uses for SOPS_AGE_KEY_CMD:
 * quotes, backslashes and comments, no expansion of any kind. Undefined where a quote or an escape is left open.
 */
export function splitWords(command: string): string[] | undefined {
  const words: string[] = [];
  let rest = command;
  for (;;) {
    rest = rest.replace(/^(?:[ \t\r\n]+|#[^\n]*)+/u, '');
    if (rest === '') return words;
    // A `#` inside a word is part of it.
    const word = /^(?:[^ \t\r\n"'\\]|\\[^]|'[^']*'|"(?:[^"\\]|\\[^])*")+/u.exec(rest)?.[0];
    if (word === undefined) return undefined;
    rest = rest.slice(word.length);
    if (/^["'\\]/u.test(rest)) return undefined;
    words.push(unquote(word));
  }
}

function unquote(word: string): string {
  return word.replace(
    /'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])/gu,
    (_, single?: string, double?: string, escaped?: string) =>
      single ?? double?.replace(/\\([^])/gu, '$1') ?? escaped ?? '',
  );
}
