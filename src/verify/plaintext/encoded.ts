import { isPrivateDer, startsPkcs12, startsPrivate } from './der.ts';
import { openPkcs12 } from './pkcs12.ts';

/** What is found in a text, and where. */
export interface Hit {
  readonly kind: string;
  readonly at: number;
}

/** A text that stands encoded in another one. */
interface Layer {
  readonly kind: string;
  readonly at: number;
  readonly text: string;
}

/** Between the words of a key: line breaks, written ones, as often escaped as texts are within each other, and what quotes them. */
const GAP = /(?:\\+[nr]?|["',\s])+/gu;
const HEX_GAP = /0x|\\[xnr]|["':,\s]/gu;

/** Two letters of DER's start in base64, `30` and a length; and OpenSSH's own form. */
const START = /(?<![A-Za-z0-9+/_-])(?:M[A-P][A-Za-z0-9+/_-]{2,}|b3BlbnNz[A-Za-z0-9+/_-]*)/gu;
const HEX_START = /(?<![0-9a-f])30(?:0x|\\x|[:,\s])*(?:8[12]|[2-7][0-9a-f])/giu;
/** Base64 that may hold text. */
const RUN = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{64,}/gu;
/** The first octets of DER say what it is; they fit into this, folded and indented. */
const FIRST = 128;
const HEAD = 1200;
const LONGEST_KEY = 20_000;
const MOST_AROUND = 200_000;

/** The words that no text with a key is without; in UTF-16 there are null octets between. */
const WORDS = ['PRIVATE KEY', 'AGE-SECRET-KEY-'].flatMap((word) => [
  Buffer.from(word),
  Buffer.from(word, 'utf16le').subarray(0, -1),
]);
/** Letters of base64 that the octets before a word decide in part, by how many those are. */
const UNSURE = [0, 2, 3] as const;
/** As they look in base64 by the three ways their first octet can fall. */
const BASE64_WORDS = WORDS.flatMap((word) =>
  UNSURE.map((unsure, before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), word]).toString('base64');
    const sure = Math.floor(((word.length + before) * 8) / 6);
    return { text: encoded.slice(unsure, sure), unsure };
  }),
);
const HEX_WORDS = WORDS.map((word) => word.toString('hex'));
const URL_WORD = /PRIVATE(?:%(?:25)*20|\+)KEY/giu;

/** Private keys in DER and PKCS #12, in base64 or hexadecimal, however folded. */
export function encodedDer(text: string): Hit[] {
  const hits: Hit[] = [];
  let seen = 0;
  for (const { index: at } of text.matchAll(START)) {
    const first = decode(leadingRun(text.slice(at, at + FIRST)));
    const head = (): Buffer => decode(leadingRun(text.slice(at, at + HEAD)));
    if (first.toString('latin1', 0, 14) === 'openssh-key-v1') {
      if (!isLockedOpenSsh(head())) hits.push({ kind: 'OpenSSH key in base64', at });
    } else if (startsPrivate(first)) {
      if (isPrivateDer(head())) hits.push({ kind: 'DER private key in base64', at });
    } else if (startsPkcs12(first) && at >= seen) {
      seen = at + LONGEST_KEY;
      const kind = openPkcs12(decode(leadingRun(text.slice(at, seen))));
      if (kind !== undefined) hits.push({ kind: `${kind}, in base64`, at });
    }
  }
  for (const { index: at } of text.matchAll(HEX_START)) {
    const run = text.slice(at, at + HEAD).replaceAll(HEX_GAP, '');
    const octets = Buffer.from(/^(?:[0-9a-f]{2})*/iu.exec(run)?.[0] ?? '', 'hex');
    if (isPrivateDer(octets)) hits.push({ kind: 'DER private key in hexadecimal', at });
  }
  return hits;
}

/** Texts in base64, base64url, hexadecimal and URL encoding, without the null octets of UTF-16. Each part of `text` is decoded once. */
export function* encodedTexts(text: string): Generator<Layer> {
  yield* base64Runs(text);
  const joined = new Joined(text);
  yield* base64Words(joined);
  yield* hexWords(joined);
  yield* urlWords(text);
}

/** Runs of base64 that begin with text. */
function* base64Runs(text: string): Generator<Layer> {
  let seen = 0; // the lines of a run are one
  for (const { 0: line, index: at } of text.matchAll(RUN)) {
    if (at < seen) continue;
    const start = textOf(decode(line.slice(0, 64))).replace(/^(?:\u00FF\u00FE|\u00FE\u00FF)/u, '');
    if (!/^[\t\n\r -~]{20,}$/u.test(start)) continue;
    const run = leadingRun(text.slice(at));
    seen = at + run.length;
    yield { kind: 'private key in base64', at, text: textOf(decode(run)) };
  }
}

/** Base64 around the words of a key: where it stands among other letters, or is folded short. */
function* base64Words(joined: Joined): Generator<Layer> {
  const text = joined.text.replaceAll('-', '+').replaceAll('_', '/');
  const found = BASE64_WORDS.flatMap((word) =>
    placesOf(text, word.text).map((at) => ({ at, unsure: word.unsure })),
  ).sort((a, b) => a.at - b.at);
  const seen = [0, 0, 0, 0]; // by alignment
  for (const { at, unsure } of found) {
    const alignment = (at - unsure + 4) % 4;
    if (at < (seen[alignment] ?? 0)) continue;
    const [from, to] = runAround(text, at, isBase64);
    const start = from + ((alignment - (from % 4) + 4) % 4);
    seen[alignment] = to;
    const decoded = Buffer.from(text.slice(start, to), 'base64');
    yield { kind: 'private key in base64', at: joined.placeOf(from), text: textOf(decoded) };
  }
}

function* hexWords(joined: Joined): Generator<Layer> {
  const text = joined.text.toLowerCase();
  const found = HEX_WORDS.flatMap((word) => placesOf(text, word)).sort((a, b) => a - b);
  const seen = [0, 0];
  for (const at of found) {
    const alignment = at % 2;
    if (at < (seen[alignment] ?? 0)) continue;
    const [from, to] = runAround(text, at, isHex);
    seen[alignment] = to;
    const decoded = Buffer.from(text.slice(from + ((at - from) % 2), to), 'hex');
    yield {
      kind: 'private key in hexadecimal',
      at: joined.placeOf(from),
      text: textOf(decoded),
    };
  }
}

/** RFC 3986 §2.1, and as forms are sent. */
function* urlWords(text: string): Generator<Layer> {
  let seen = 0;
  for (const { 0: word, index: at } of text.matchAll(URL_WORD)) {
    if (at < seen) continue;
    seen = at + LONGEST_KEY;
    const part = text.slice(Math.max(0, at - FIRST), seen);
    const spaced = word.includes('+') ? part.replaceAll('+', ' ') : part;
    const decoded = spaced.replaceAll(/%([0-9a-f]{2})/giu, (_, octet: string) =>
      String.fromCharCode(Number.parseInt(octet, 16)),
    );
    yield { kind: 'private key in URL encoding', at, text: decoded.replaceAll('\0', '') };
  }
}

/** A text without gaps, and where in it things stood. */
class Joined {
  readonly text: string;
  readonly #whole: string;
  #gaps: { readonly joined: number; readonly left: number }[] | undefined;

  constructor(whole: string) {
    this.#whole = whole;
    this.text = whole.replaceAll(GAP, '');
  }

  /** Where the letter stands that is at `at` without gaps. */
  placeOf(at: number): number {
    if (this.#gaps === undefined) {
      this.#gaps = [];
      let left = 0;
      for (const { index, 0: gap } of this.#whole.matchAll(GAP)) {
        const joined = index - left;
        left += gap.length;
        this.#gaps.push({ joined, left });
      }
    }
    let [low, high] = [0, this.#gaps.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#gaps[middle]?.joined ?? Infinity) <= at) low = middle + 1;
      else high = middle;
    }
    return at + (this.#gaps[low - 1]?.left ?? 0);
  }
}

function placesOf(text: string, word: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) places.push(at);
  return places;
}

function runAround(
  text: string,
  at: number,
  isPart: (code: number) => boolean,
): readonly [number, number] {
  const [least, most] = [Math.max(0, at - MOST_AROUND), Math.min(text.length, at + MOST_AROUND)];
  let [from, to] = [at, at];
  while (from > least && isPart(text.charCodeAt(from - 1))) from -= 1;
  while (to < most && isPart(text.charCodeAt(to))) to += 1;
  return [from, to];
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isHex = (code: number): boolean => isDigit(code) || (code >= 0x61 && code <= 0x66);
const isBase64 = (code: number): boolean =>
  isDigit(code) ||
  (code >= 0x41 && code <= 0x5a) ||
  (code >= 0x61 && code <= 0x7a) ||
  code === 0x2b ||
  code === 0x2f;

/** The base64 that a text begins with, through line breaks. */
function leadingRun(text: string): string {
  return /^(?:[A-Za-z0-9+/_-]|\\+[nr]?|["',\s])*={0,2}/u.exec(text)?.[0] ?? '';
}

/** Base64 of either alphabet, folded or not. */
export function decode(text: string): Buffer {
  return Buffer.from(withoutGaps(text), 'base64');
}

export function withoutGaps(text: string): string {
  return text.replaceAll(GAP, '');
}

/** UTF-16 is text with null octets between. */
export function textOf(octets: Buffer): string {
  return octets.toString('latin1').replaceAll('\0', '');
}

/** The name of the cipher follows the magic: `none` where there is no passphrase. */
export function isLockedOpenSsh(octets: Buffer): boolean {
  const magic = 'openssh-key-v1\0';
  const at = magic.length;
  if (octets.toString('latin1', 0, at) !== magic || octets.length < at + 8) return false;
  return octets.toString('latin1', at + 4, at + 4 + octets.readUInt32BE(at)) !== 'none';
}
