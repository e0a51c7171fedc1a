import { PkiError } from '../../errors.ts';

/** One DER element: its tag, all its octets, and its contents. */
export interface DerElement {
  readonly tag: number;
  readonly der: Buffer;
  readonly contents: Buffer;
}

/** Longer lengths than any certificate needs. */
const MAX_LENGTH_OCTETS = 4;

/**
 * The elements that stand one after the other in `octets`. For what OpenSSL has parsed already: it finds the octets of
 * fields that node:crypto does not hand out. Only tags of one octet occur in certificates.
 * @throws PkiError ERR_CERTIFICATE on lengths that X.690 §10.1 does not allow, which OpenSSL tolerates
 */
export function derElements(octets: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < octets.length;) {
    const { from, to } = extent(octets, at);
    elements.push({
      tag: octets.readUInt8(at),
      der: octets.subarray(at, to),
      contents: octets.subarray(from, to),
    });
    at = to;
  }
  return elements;
}

/** The elements inside the outermost element. */
export function derContents(der: Buffer): DerElement[] {
  return derElements(derElements(der)[0]?.contents ?? Buffer.alloc(0));
}

function extent(octets: Buffer, at: number): { readonly from: number; readonly to: number } {
  const first = octets[at + 1] ?? 0x80;
  const lengthOctets = first < 0x80 ? 0 : first & 0x7f;
  const from = at + 2 + lengthOctets;
  const isLegal = first !== 0x80 && lengthOctets <= MAX_LENGTH_OCTETS && from <= octets.length;
  const length = lengthOctets === 0 ? first : isLegal ? octets.readUIntBE(at + 2, lengthOctets) : 0;
  if (!isLegal || from + length > octets.length) {
    throw new PkiError('ERR_CERTIFICATE', 'certificate is not DER');
  }
  return { from, to: from + length };
}

/** Text of an object identifier, given as the hexadecimal octets of its contents. X.690 §8.19: base 128, the first two arcs in one number. */
export function dottedOid(hex: string): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of Buffer.from(hex, 'hex')) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join('.');
}
