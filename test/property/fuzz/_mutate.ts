import { mutateDer } from './_der.ts';
import { mutateJson } from './_json.ts';
import type { Random } from './_random.ts';

/** Changes octets in one way; `others` are sound inputs of the same kind, to splice with. */
export type Mutation = (random: Random, input: Buffer, others: readonly Buffer[]) => Buffer;

const NOTHING = Buffer.alloc(0);

/** A place and a length within `input`. */
function range(random: Random, { length }: Buffer, most = length): readonly [number, number] {
  const from = random.below(length + 1);
  return [from, Math.min(length, from + 1 + random.below(Math.max(1, most)))];
}

function replace(input: Buffer, from: number, to: number, by: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, from), by, input.subarray(to)]);
}

const insert = (random: Random, input: Buffer, what: Buffer): Buffer => {
  const at = random.below(input.length + 1);
  return replace(input, at, at, what);
};

/** What must not be taken for text: not UTF-8, or only to somebody who decodes loosely. */
const ODD_OCTETS = [
  [0xff, 0xfe],
  [0xc0, 0xae],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xe2, 0x80, 0xa8],
  [0xc2, 0x85],
  [0x00],
  [0x1b, 0x5b, 0x32, 0x4a],
].map((octets) => Buffer.from(octets));

export const OCTETS: readonly Mutation[] = [
  (random, input) => {
    const copy = Buffer.from(input);
    const at = random.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
    return copy;
  },
  (random, input) => input.subarray(0, random.below(input.length + 1)),
  (random, input) => input.subarray(random.below(input.length + 1)),
  (random, input) => {
    const [from, to] = range(random, input, 200);
    return replace(input, from, to, NOTHING);
  },
  (random, input) => {
    const [from, to] = range(random, input, 500);
    return insert(random, input, input.subarray(from, to));
  },
  (random, input) => insert(random, input, random.bytes(1 + random.below(8))),
  (random, input) => insert(random, input, random.pick(ODD_OCTETS)),
  (random, input, others) => {
    const other = random.pick(others);
    return Buffer.concat([
      input.subarray(0, random.below(input.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ]);
  },
];

/** Values of other types than expected, too large, too deep, or with a meaning of their own in YAML. */
const ODD_VALUES: readonly string[] = [
  '',
  'null',
  '~',
  '[]',
  '{}',
  '[[]]',
  '{"": {}}',
  'true',
  '0',
  '-1',
  '1e999',
  '99999999999999999999999',
  '0x7fffffff',
  '.nan',
  '2026-02-30T25:61:61Z',
  '9999-12-31T23:59:59Z',
  '999999999h999999999m',
  '!!binary AAAA',
  '!!float x',
  '!!js/function x',
  '!unknown x',
  '&a [*a]',
  '*a',
  '<<: *a',
  '"\\ud800"',
  '"\\0"',
  "'",
  '"',
  '|',
  '>-',
  '?',
  '- -',
  '__proto__',
  'constructor',
  '../../../etc/passwd',
  '/',
  '.',
  'ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]',
  '-----BEGIN CERTIFICATE-----',
  '[*a, *a, *a]',
  '['.repeat(5000),
  '{a: '.repeat(5000),
  '- '.repeat(5000),
  'a'.repeat(20_000),
];

const MARKERS = ['<<<<<<< HEAD', '=======', '>>>>>>> branch', '---', '...', '%YAML 1.1', '# x', ''];

const onLines =
  (change: (random: Random, lines: string[]) => void): Mutation =>
  (random, input) => {
    // latin1 keeps every octet, UTF-8 or not
    const lines = input.toString('latin1').split('\n');
    change(random, lines);
    return Buffer.from(lines.join('\n'), 'latin1');
  };

export const LINES: readonly Mutation[] = [
  onLines((random, lines) => {
    lines.splice(random.below(lines.length), 1 + random.below(3));
  }),
  onLines((random, lines) => {
    const at = random.below(lines.length);
    lines.splice(random.below(lines.length), 0, ...lines.slice(at, at + 1 + random.below(3)));
  }),
  onLines((random, lines) => {
    const [line = ''] = lines.splice(random.below(lines.length), 1);
    lines.splice(random.below(lines.length + 1), 0, line);
  }),
  onLines((random, lines) => {
    lines.splice(random.below(lines.length + 1), 0, random.pick(MARKERS));
  }),
  onLines((random, lines) => {
    const at = random.below(lines.length);
    const indent = ' '.repeat(random.below(6));
    lines[at] = random.chance(0.5) ? `${indent}${lines[at] ?? ''}` : (lines[at] ?? '').trimStart();
  }),
  // the value of an entry
  onLines((random, lines) => {
    const at = random.below(lines.length);
    lines[at] = (lines[at] ?? '').replace(
      /^([^:]*:|\s*-)\s?.*$/u,
      `$1 ${random.pick(ODD_VALUES).replaceAll('$', '$$$$')}`,
    );
  }),
  // the key of an entry
  onLines((random, lines) => {
    const at = random.below(lines.length);
    lines[at] = (lines[at] ?? '').replace(
      /^(\s*(?:- )?)[^:\s]+:/u,
      `$1${random.pick(['__proto__', '"\\0"', '[a]', '<<', 'a b', '? a', 'toString'])}:`,
    );
  }),
  onLines((random, lines) => {
    const at = random.below(lines.length);
    lines[at] = (lines[at] ?? '').replaceAll(/\d+/gu, () =>
      String(random.pick([0, -1, 1e21, 2 ** 53, 99])),
    );
  }),
  // what a Windows editor makes of it
  (_, input) => Buffer.from(input.toString('latin1').replaceAll('\n', '\r\n'), 'latin1'),
  (_, input) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), input]),
  (random, input, others) => {
    const [mine, theirs] = [input, random.pick(others)].map((text) => text.toString('latin1'));
    return Buffer.from(`<<<<<<< HEAD\n${mine ?? ''}=======\n${theirs ?? ''}>>>>>>> x\n`, 'latin1');
  },
];

/** Damage to one run of base64, in PEM or an encrypted value. */
export const BASE64: Mutation = (random, input) => {
  const text = input.toString('latin1');
  const runs = [...text.matchAll(/[A-Za-z0-9+/]{16,}={0,2}/gu)];
  if (runs.length === 0) return OCTETS[0]?.(random, input, []) ?? input;
  const { 0: run, index } = random.pick(runs);
  const at = random.below(run.length);
  const damaged = random.pick([
    () => run.slice(0, at) + run.slice(at + 1),
    () =>
      `${run.slice(0, at)}${random.pick(['!', '-', '_', '=', '.', ' ', 'A', '/', '+'])}${run.slice(at + 1)}`,
    () => run.slice(0, at - (at % 4)),
    () => run + run,
    () => '',
  ])();
  return Buffer.from(text.slice(0, index) + damaged + text.slice(index + run.length), 'latin1');
};

/** The DER in the first block of a PEM text that stands somewhere in `input`, damaged in its structure. */
export const PEM: Mutation = (random, input) => {
  const text = input.toString('latin1');
  const block = /-----BEGIN [A-Z ]+-----([A-Za-z0-9+/=\s]+)-----END/u.exec(text);
  const [, body = ''] = block ?? [];
  if (block === null) return BASE64(random, input, []);
  const der = mutateDer(random, Buffer.from(body.replaceAll(/\s/gu, ''), 'base64'));
  const indent = /\n( *)\S/u.exec(body)?.[1] ?? '';
  const lines = der.toString('base64').replaceAll(/.{1,64}/gu, `\n${indent}$&`);
  const at = block.index + block[0].indexOf(body);
  return Buffer.from(
    `${text.slice(0, at)}${lines}\n${indent}${text.slice(at + body.length)}`,
    'latin1',
  );
};

export const DER: Mutation = (random, input) => mutateDer(random, input);
export const JSON_TEXT: Mutation = (random, input) => mutateJson(random, input, ODD_VALUES);

/** One to three changes, mostly one: more of them are seldom got past the first check. */
export function mutate(
  random: Random,
  seeds: readonly Buffer[],
  mutations: readonly Mutation[],
): Buffer {
  let input = random.pick(seeds);
  for (let count = random.pick([1, 1, 1, 2, 3]); count > 0; count -= 1)
    input = random.pick(mutations)(random, input, seeds);
  return input;
}
