import { PkiError } from '../../errors.ts';

export const SEQUENCE = 0x30;

/** One DER element: its tag, all its octets, and its contents. */
export interface DerElement {
  readonly tag: number;
  readonly der: Buffer;
  readonly contents: Buffer;
}

/** Longer lengths than any certificate needs. */
const MAX_LENGTH_OCTETS = 4;

/** The low bits of a tag that says "the number follows in octets of its own"; none does in certificates. */
const HIGH_TAG = 0x1f;

/**
 * The elements that stand one after the other in `octets`, with tags of one octet.
 * @throws PkiError ERR_CERTIFICATE on lengths that X.690 §10.1 does not allow, which OpenSSL tolerates
 */
export function derElements(octets: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < octets.length;) {
    const { from, to } = extent(octets, at);
    const tag = octets.readUInt8(at);
    if ((tag & HIGH_TAG) === HIGH_TAG) throw notDer();
    elements.push({ tag, der: octets.subarray(at, to), contents: octets.subarray(from, to) });
    at = to;
  }
  return elements;
}

/** The elements inside the outermost element. */
export function derContents(der: Buffer): DerElement[] {
  return derElements(derElements(der)[0]?.contents ?? Buffer.alloc(0));
}

/**
 * The elements inside one that must have this tag.
 * @throws PkiError ERR_CERTIFICATE
 */
export function contentsOf(element: DerElement | undefined, tag: number): DerElement[] {
  if (element?.tag !== tag) throw new PkiError('ERR_CERTIFICATE', 'certificate is not X.509');
  return derElements(element.contents);
}

function extent(octets: Buffer, at: number): { readonly from: number; readonly to: number } {
  const first = octets[at + 1] ?? 0x80;
  if (first < 0x80) {
    const from = at + 2;
    if (from + first > octets.length) throw notDer();
    return { from, to: from + first };
  }
  const lengthOctets = first & 0x7f;
  const from = at + 2 + lengthOctets;
  if (lengthOctets === 0 || lengthOctets > MAX_LENGTH_OCTETS || from > octets.length)
    throw notDer();
  const length = octets.readUIntBE(at + 2, lengthOctets);
  const isShortest = length >= (lengthOctets === 1 ? 0x80 : 2 ** (8 * (lengthOctets - 1)));
  if (!isShortest || from + length > octets.length) throw notDer();
  return { from, to: from + length };
}

function notDer(): PkiError {
  return new PkiError('ERR_CERTIFICATE', 'certificate is not DER');
}

/** Text of an object identifier, given as its contents. X.690 §8.19: base 128, the first two arcs in one number. */
export function dottedOid(contents: Buffer): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of contents) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join('.');
}
