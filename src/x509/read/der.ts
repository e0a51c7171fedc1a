/** One DER element: its tag, all its octets, and where its contents begin. */
export interface DerElement {
  readonly tag: number;
  readonly der: Buffer;
  readonly contents: Buffer;
}

/**
 * The elements that stand one after the other in `octets`. For input that OpenSSL has parsed: it finds the octets
 * of fields that node:crypto does not hand out and judges nothing. Only tags below 31 occur in certificates.
 */
export function derElements(octets: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < octets.length;) {
    const first = octets[at + 1] ?? 0;
    const lengthOctets = first < 0x80 ? 0 : first & 0x7f;
    const from = at + 2 + lengthOctets;
    const to = from + (lengthOctets === 0 ? first : octets.readUIntBE(at + 2, lengthOctets));
    elements.push({
      tag: octets[at] ?? 0,
      der: octets.subarray(at, to),
      contents: octets.subarray(from, to),
    });
    at = to;
  }
  return elements;
}

/** The contents of the outermost element. */
export function derContents(der: Buffer): DerElement[] {
  return derElements(derElements(der)[0]?.contents ?? Buffer.alloc(0));
}
