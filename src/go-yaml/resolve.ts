import { bool, float, int, type Scalar } from './scalar.ts';
import { yamlTimestamp } from './timestamp.ts';

/** What a plain scalar is; `unsupported` is what sops refuses or JSON cannot hold. */
export type Resolved = Scalar | 'null' | 'unsupported';

const WORDS: ReadonlyMap<string, Resolved> = new Map<string, Resolved>([
  ...['true', 'True', 'TRUE'].map((word) => [word, bool(true)] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, bool(false)] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, 'null'] as const),
  ...['.nan', '.NaN', '.NAN', '.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map(
    (word) => [word, 'unsupported'] as const,
  ),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, 'unsupported'] as const),
]);

const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/u;
const POINT_FLOAT = /^\.[0-9]+(?:[eE][-+]?[0-9]+)?$/u;

/** Go's `strconv.ParseInt(text, 0, 64)`: sign, then 0x, 0b, 0o or a bare 0 for octal. */
const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/u;

/** go-yaml's own reading of `0b` and `0o`: a second sign may follow. */
const SECOND_SIGN = /^0([bo])([-+][0-7]+)$/u;

/**
 * The type of a plain, untagged scalar by go-yaml v3's `resolve`, which is neither YAML 1.1 nor 1.2:
 * `0777` is 511, `1_000` is 1000, `2026-01-01` a time, `yes` and `1:30` are strings.
 */
export function resolve(text: string): Resolved {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  const first = text.charAt(0);
  if (first === '.') return POINT_FLOAT.test(text) ? number(text) : string(text);
  if (!/[-+0-9]/u.test(first)) return string(text);

  const time = yamlTimestamp(text);
  if (time !== undefined) return { type: 'time', text: time, value: time };
  const plain = text.replaceAll('_', '');
  const whole = integer(plain);
  if (whole !== undefined) {
    if (whole >= -(2n ** 63n) && whole < 2n ** 64n) return int(whole) ?? 'unsupported';
    // Too large for Go: the text is read as a float where it has the form of one.
  }
  return FLOAT.test(plain) ? number(plain, text) : string(text);
}

function string(text: string): Scalar {
  return { type: 'str', text, value: text };
}

function number(digits: string, text = digits): Scalar {
  const value = Number(digits);
  return Number.isFinite(value) ? float(value) : string(text);
}

function integer(text: string): bigint | undefined {
  const match = INTEGER.exec(text);
  if (match !== null) {
    const [, sign, hexadecimal, binary, octal, decimal] = match;
    const magnitude =
      hexadecimal !== undefined
        ? BigInt(`0x${hexadecimal}`)
        : binary !== undefined
          ? BigInt(`0b${binary}`)
          : octal !== undefined
            ? BigInt(`0o${octal}`)
            : BigInt(decimal ?? '0');
    return sign === '-' ? -magnitude : magnitude;
  }
  const [, base, signed] = SECOND_SIGN.exec(text) ?? [];
  if (signed === undefined || (base === 'b' && !/^[-+][01]+$/u.test(signed))) return undefined;
  const magnitude = BigInt(`0${base ?? ''}${signed.slice(1)}`);
  return signed.startsWith('-') ? -magnitude : magnitude;
}
