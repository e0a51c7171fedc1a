import type { Random } from './_random.ts';

type Holder = Record<string, unknown> | unknown[];

/** Every place in a value: what holds it and its key. Without recursion: values get deep. */
function places(value: unknown): (readonly [Holder, string])[] {
  const found: (readonly [Holder, string])[] = [];
  const holders: unknown[] = [value];
  for (const holder of holders) {
    if (typeof holder !== 'object' || holder === null) continue;
    for (const [key, member] of Object.entries(holder)) {
      found.push([holder as Holder, key]);
      holders.push(member);
    }
  }
  return found;
}

const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  1e300,
  '',
  'x',
  '..',
  '../x',
  'a/b',
  'a\0b',
  'CON',
  'a\n- b',
  '__cdk8s-pki:prod/ca#privateKey.pem__',
  'constructor',
  '__proto__',
  [],
  {},
  [[]],
  [null],
  { '': {} },
  { constructor: { prototype: {} } },
  JSON.parse('{"__proto__":{"x":1}}'),
  'a'.repeat(10_000),
  '\u202e',
  '\u{1F600}',
  '\ud800',
];

/** One value of a JSON text removed, replaced, renamed or put elsewhere. */
export function mutateJson(random: Random, input: Buffer, texts: readonly string[]): Buffer {
  let value: unknown;
  try {
    value = JSON.parse(input.toString('utf8'));
  } catch {
    return input.subarray(0, random.below(input.length + 1));
  }
  const all = places(value);
  if (all.length === 0) return Buffer.from(JSON.stringify(random.pick(VALUES)));
  const [holder, key] = random.pick(all);
  const members = holder as Record<string, unknown>;
  random.pick([
    () => {
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else Reflect.deleteProperty(holder, key);
    },
    () => (members[key] = random.pick(VALUES)),
    () => (members[key] = random.pick(texts)),
    () => {
      const [other, otherKey] = random.pick(all);
      members[key] = structuredClone((other as Record<string, unknown>)[otherKey]);
    },
    () => {
      if (Array.isArray(holder)) holder.push(structuredClone(members[key]));
      else members[`${key}x`] = members[key];
    },
    () =>
      Object.defineProperty(holder, '__proto__', {
        value: { x: 1 },
        enumerable: true,
        configurable: true,
      }),
    () => (members[key] = nested(1 + random.below(500))),
  ])();
  return Buffer.from(JSON.stringify(value));
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}
