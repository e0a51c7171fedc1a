/** Checks a value that another process made; throws a TypeError that says where it is not as it should be. */
export type Shape<T> = (value: unknown, where: string) => T;

export class ShapeError extends TypeError {
  constructor(where: string, expected: string) {
    super(`${where} is not ${expected}`);
  }
}

export const string: Shape<string> = (value, where) => {
  if (typeof value !== 'string') throw new ShapeError(where, 'a string');
  return value;
};

export const boolean: Shape<boolean> = (value, where) => {
  if (typeof value !== 'boolean') throw new ShapeError(where, 'true or false');
  return value;
};

/** A whole number within bounds. */
export const integer =
  (least: number, most = Number.MAX_SAFE_INTEGER): Shape<number> =>
  (value, where) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most)
      throw new ShapeError(where, `a whole number from ${least} to ${most}`);
    return value;
  };

export const oneOf =
  <const T extends string>(...values: readonly T[]): Shape<T> =>
  (value, where) => {
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) throw new ShapeError(where, `one of ${values.join(', ')}`);
    return found;
  };

/** A string that a rule accepts as it stands. */
export const text =
  <T extends string = string>(expected: string, fits: (value: string) => boolean): Shape<T> =>
  (value, where) => {
    if (typeof value !== 'string' || !fits(value)) throw new ShapeError(where, expected);
    return value as T;
  };

export const nullable =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (value, where) =>
    value === null ? null : shape(value, where);

export const listOf =
  <T>(shape: Shape<T>): Shape<readonly T[]> =>
  (value, where) => {
    if (!Array.isArray(value)) throw new ShapeError(where, 'a list');
    value.forEach((item, index) => shape(item, `${where}[${index}]`));
    return value as readonly T[];
  };

/** An object with these members and no other; where `optional`, each may be missing. */
export const objectOf =
  <T extends object>(
    shapes: { readonly [Key in keyof T]: Shape<T[Key]> },
    { optional = false } = {},
  ): Shape<T> =>
  (value, where) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new ShapeError(where, 'an object');
    const members = value as Record<string, unknown>;
    for (const key of Object.keys(members))
      if (!Object.hasOwn(shapes, key)) throw new ShapeError(`${where}.${key}`, 'a known member');
    for (const [key, shape] of Object.entries<Shape<unknown>>(shapes))
      if (!optional || Object.hasOwn(members, key)) shape(members[key], `${where}.${key}`);
    return value as T;
  };
