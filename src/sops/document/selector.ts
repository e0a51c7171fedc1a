import { formatError, PROGRAM_HINT } from './error.ts';

/** What the writer is given: which keys' values are encrypted. RE2, unanchored, tested against every key on the path. */
export type Selector =
  { readonly encrypted_regex: string } | { readonly unencrypted_regex: string };

const SELECTOR_NAMES = [
  'unencrypted_suffix',
  'encrypted_suffix',
  'unencrypted_regex',
  'encrypted_regex',
  'unencrypted_comment_regex',
  'encrypted_comment_regex',
] as const;

export type SelectorName = (typeof SELECTOR_NAMES)[number];

/** The selector that a file names, or the default of sops. */
export interface FileSelector {
  readonly name: SelectorName;
  readonly pattern: string;
}

/** Whether the value at a path is encrypted; null where only the value itself shows it (comment selectors). */
export type Selects = (path: readonly string[]) => boolean | null;

/** Whether one key decides, by the selector's name. */
const TESTS: Readonly<
  Record<
    SelectorName,
    (pattern: string) => { found: (key: string) => boolean; means: boolean } | null
  >
> = {
  unencrypted_suffix: (suffix) => ({ found: (key) => key.endsWith(suffix), means: false }),
  encrypted_suffix: (suffix) => ({ found: (key) => key.endsWith(suffix), means: true }),
  unencrypted_regex: (pattern) => ({ found: matcher(pattern), means: false }),
  encrypted_regex: (pattern) => ({ found: matcher(pattern), means: true }),
  unencrypted_comment_regex: () => null,
  encrypted_comment_regex: () => null,
};

/** The selector in a `sops` block: at most one (stores.go `ToInternal`). */
export function selectorOf(metadata: Readonly<Record<string, unknown>>): FileSelector {
  const found = SELECTOR_NAMES.flatMap((name) => {
    const pattern = metadata[name];
    if (pattern === undefined || pattern === null || pattern === '') return [];
    if (typeof pattern !== 'string') throw formatError(`"sops.${name}" is not a string`);
    return [{ name, pattern }];
  });
  if (found.length > 1)
    throw formatError(
      `its "sops" block has more than one selector: ${found.map(({ name }) => name).join(', ')}`,
    );
  return found[0] ?? { name: 'unencrypted_suffix', pattern: '_unencrypted' };
}

export function fileSelector(selector: Selector): FileSelector {
  return 'encrypted_regex' in selector
    ? { name: 'encrypted_regex', pattern: selector.encrypted_regex }
    : { name: 'unencrypted_regex', pattern: selector.unencrypted_regex };
}

export function compileSelector({ name, pattern }: FileSelector): Selects {
  const test = TESTS[name](pattern);
  if (test === null) return () => null;
  const known = new Map<string, boolean>();
  const found = (key: string): boolean => {
    let answer = known.get(key);
    if (answer === undefined) known.set(key, (answer = test.found(key)));
    return answer;
  };
  return (path) => path.some(found) === test.means;
}

const CHARACTER = String.raw`(?:[^\\\]\[^\-&~]|\\[!-/:-@[-\x60{-~])`;
/** What RE2 and ECMAScript read alike, with the u flag; no repetition of a group, which could backtrack for ever. */
const TOKEN = new RegExp(
  [
    String.raw`\\[dDwW]`,
    String.raw`(?<escaped>\\[!-/:-@[-\x60{-~])`,
    String.raw`\[\^?(?:${CHARACTER}(?:-${CHARACTER})?|\\[dDwW])+-?\]`,
    String.raw`\)\??(?![*+{?])`,
    String.raw`\(\?:|\((?!\?)|\||[$^](?![*+?{])`,
    String.raw`(?<dot>\.)`,
    String.raw`[*+?]\??(?![*+?{])|\{\d{1,3}(?:,\d{0,3})?\}\??(?![*+?{])`,
    String.raw`[^\\^$.|?*+()[\]{}]`,
  ].join('|'),
  'uy',
);

/** Backtracking is bounded: so many ways through all groups, one repetition of a varying count, and keys of this length. */
const MOST_WAYS = 1000;
const LONGEST_KEY = 253;

function isBounded(pattern: string): boolean {
  const plain = pattern.replaceAll(/\\.|\[(?:\\.|[^\]])*\]/gu, 'x').replaceAll('(?:', '(');
  const repetitions = plain.match(/[*+?]\??|\{\d+,\d*\}\??/gu) ?? [];
  const groups = plain.split('(').map((part) => part.split('|').length);
  return (
    repetitions.length <= 1 &&
    groups.reduce((ways, alternatives) => ways * alternatives, 1) <= MOST_WAYS
  );
}

/** Few patterns stand in all files of a fleet. */
const matchers = new Map<string, (key: string) => boolean>();
const MOST_MATCHERS = 16;

function matcher(pattern: string): (key: string) => boolean {
  const known = matchers.get(pattern);
  if (known !== undefined) return known;
  const found = newMatcher(pattern);
  if (matchers.size >= MOST_MATCHERS) matchers.clear();
  matchers.set(pattern, found);
  return found;
}

/** A test for one key by a RE2 pattern, as far as ECMAScript certainly agrees with RE2. */
function newMatcher(pattern: string): (key: string) => boolean {
  if (!isBounded(pattern)) throw unsupported(pattern);
  TOKEN.lastIndex = 0;
  let source = '';
  while (TOKEN.lastIndex < pattern.length) {
    const match = TOKEN.exec(pattern);
    if (match === null) throw unsupported(pattern);
    const { escaped, dot } = match.groups ?? {};
    if (dot !== undefined) source += String.raw`[^\n]`;
    else if (escaped !== undefined) source += hexadecimal(escaped.charAt(1));
    else if (match[0].startsWith('[')) source += characterClass(match[0]);
    else source += match[0];
  }
  try {
    const expression = new RegExp(source, 'u');
    return (key) => {
      if (key.length > LONGEST_KEY) throw unsupported(pattern);
      return expression.test(key);
    };
  } catch {
    throw unsupported(pattern);
  }
}

function characterClass(text: string): string {
  const body = text.endsWith('-]') ? `${text.slice(0, -2)}\\-]` : text;
  return body.replace(/\\([^dDwW])/gu, (_, character: string) => hexadecimal(character));
}

function hexadecimal(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

function unsupported(pattern: string): Error {
  return formatError(`the selector "${pattern}" is not one that can be evaluated here`, {
    hint: [
      'write it with literals, classes, ^, $, | and plain groups, such as ^(data|stringData)$',
      PROGRAM_HINT,
    ],
  });
}
