/** The types of a leaf that sops knows (aes/cipher.go); a null is not walked and has none. */
export type ScalarType = 'str' | 'int' | 'float' | 'bool' | 'time';

/** A leaf as sops sees it: `text` is what is encrypted and what the MAC is over. */
export interface Scalar {
  readonly type: ScalarType;
  readonly text: string;
  readonly value: string | number | boolean;
}

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** The scalar that stands for a JSON leaf: a whole number is an int as far as Go's int64 reaches. */
export function scalarOf(value: string | number | boolean): Scalar {
  if (typeof value === 'string') {
    // A lone surrogate has no UTF-8 form; Buffer would silently put U+FFFD in its place.
    if (/\p{Surrogate}/u.test(value)) throw new TypeError('a string holds a lone surrogate');
    return { type: 'str', text: value, value };
  }
  if (typeof value === 'boolean') return bool(value);
  if (!Number.isFinite(value)) throw new TypeError(`${value} is not a JSON number`);
  if (Number.isInteger(value)) {
    const whole = BigInt(value);
    if (whole >= INT64_MIN && whole <= INT64_MAX) return { type: 'int', text: `${whole}`, value };
  }
  return float(value);
}

export function bool(value: boolean): Scalar {
  // "The Python version encodes booleans with Titlecase" (aes/cipher.go).
  return { type: 'bool', text: value ? 'True' : 'False', value };
}

/** Undefined where the integer does not fit int64, or a JSON number exactly. */
export function int(whole: bigint): Scalar | undefined {
  const value = Number(whole);
  if (whole < INT64_MIN || whole > INT64_MAX || BigInt(value) !== whole) return undefined;
  return { type: 'int', text: `${whole}`, value };
}

export function float(value: number): Scalar {
  return { type: 'float', text: positional(value), value };
}

/** Go's `FormatFloat(value, 'f', -1, 64)`: the shortest digits, never an exponent. */
function positional(value: number): string {
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const digits = mantissa.replace(/[-.]/gu, '');
  const point = Number(exponent) + 1;
  if (point <= 0) return `${sign}0${value === 0 ? '' : `.${'0'.repeat(-point)}${digits}`}`;
  if (digits.length <= point) return sign + digits.padEnd(point, '0');
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Go's `FormatFloat(value, 'g', -1, 64)`, in which go-yaml writes a float. */
export function shortest(value: number): string {
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return positional(value);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
