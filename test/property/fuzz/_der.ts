import type { Random } from './_random.ts';

/** An element of DER that can be changed and written again with lengths that fit. */
interface Element {
  tag: number;
  contents: Buffer | Element[];
}

const CONSTRUCTED = 0x20;

/** Undefined for what is not DER. An OCTET STRING that holds DER, as extensions do, is taken apart as well. */
function parse(octets: Buffer): Element[] | undefined {
  const elements: Element[] = [];
  for (let at = 0; at < octets.length;) {
    const tag = octets[at] ?? 0;
    const first = octets[at + 1] ?? 0x80;
    const count = first < 0x80 ? 0 : first & 0x7f;
    if (first === 0x80 || count > 4 || at + 2 + count > octets.length) return undefined;
    const length = count === 0 ? first : octets.readUIntBE(at + 2, count);
    const contents = octets.subarray(at + 2 + count, at + 2 + count + length);
    if (contents.length !== length) return undefined;
    const inner = (tag & CONSTRUCTED) !== 0 || tag === 0x04 ? parse(contents) : undefined;
    elements.push({ tag, contents: inner ?? contents });
    at += 2 + count + length;
  }
  return elements;
}

function write(elements: readonly Element[]): Buffer {
  return Buffer.concat(
    elements.flatMap(({ tag, contents }) => {
      const body = Array.isArray(contents) ? write(contents) : contents;
      return [Buffer.from([tag]), lengthOf(body.length), body];
    }),
  );
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(length);
  const used = octets.subarray(octets.findIndex((octet) => octet !== 0));
  return Buffer.concat([Buffer.from([0x80 | used.length]), used]);
}

/** Every list of elements, to change one of its members. */
function lists(elements: Element[]): Element[][] {
  return [
    elements,
    ...elements.flatMap(({ contents }) => (Array.isArray(contents) ? lists(contents) : [])),
  ];
}

const TAGS = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x1e, 0x1f, 0x30, 0x31,
  0x82, 0xa0, 0xa3, 0xff,
];

const ODD_CONTENTS = [
  '',
  '00',
  'ff',
  '80',
  '00'.repeat(40),
  'ff'.repeat(9),
  '610062',
  '0a'.repeat(3000),
  '99991231235959Z',
  '5A',
].map((hex) => Buffer.from(hex, /Z$/u.test(hex) ? 'latin1' : 'hex'));

/** A change of structure in most cases, in the others a length that lies. */
export function mutateDer(random: Random, der: Buffer): Buffer {
  const elements = parse(der);
  if (elements === undefined || elements.length === 0 || random.chance(0.25))
    return lie(random, der);
  const list = random.pick(lists(elements).filter(({ length }) => length > 0));
  const at = random.below(list.length);
  const element = list[at] as Element;
  random.pick([
    () => list.splice(at, 1),
    () => list.splice(at, 0, structuredCloneOf(element)),
    () => list.push(...list.splice(at, 1)),
    () => (element.tag = random.pick(TAGS)),
    () => (element.contents = Buffer.from(random.pick(ODD_CONTENTS))),
    () => (element.contents = nested(20 + random.below(200))),
    () => (element.contents = random.bytes(random.below(64))),
  ])();
  return write(elements);
}

const structuredCloneOf = ({ tag, contents }: Element): Element => ({
  tag,
  contents: Array.isArray(contents) ? contents.map(structuredCloneOf) : Buffer.from(contents),
});

function nested(depth: number): Element[] {
  let list: Element[] = [];
  for (let level = 0; level < depth; level += 1) list = [{ tag: 0x30, contents: list }];
  return list;
}

/** Another length at a place where one may stand. */
function lie(random: Random, der: Buffer): Buffer {
  const copy = Buffer.from(der);
  const at = 1 + random.below(Math.min(copy.length, 400));
  copy[at] = random.pick([0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x88, 0xff, random.below(256)]);
  return copy;
}
