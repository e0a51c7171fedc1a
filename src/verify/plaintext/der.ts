/** Whether DER begins as private keys do: a sequence whose first element is the version 0 or 1. */
export function startsPrivate(octets: Buffer): boolean {
  const body = bodyOf(octets, 0x30);
  return body?.[0] === 0x02 && body[1] === 1 && (body[2] ?? 2) <= 1;
}

/** PKCS #8 (RFC 5958), PKCS #1 (RFC 8017 §A.1.2), SEC 1 (RFC 5915) or DSA's, not encrypted. */
export function isPrivateDer(octets: Buffer): boolean {
  if (!startsPrivate(octets)) return false;
  const rest = bodyOf(octets, 0x30)?.subarray(3) ?? Buffer.alloc(0);
  const second = rest[0];
  if (second === 0x04) return [20, 24, 28, 32, 48, 66].includes(rest[1] ?? 0); // SEC 1
  if (second === 0x02) return (bodyOf(rest, 0x02)?.length ?? 0) >= 32; // PKCS #1
  const algorithm = bodyOf(rest, 0x30);
  if (second !== 0x30 || algorithm?.[0] !== 0x06) return false;
  return rest[algorithm.byteOffset - rest.byteOffset + lengthOf(rest)] === 0x04;
}

/** PKCS #12 (RFC 7292 §4): a sequence whose first element is the version 3. */
export function startsPkcs12(octets: Buffer): boolean {
  const body = bodyOf(octets, 0x30);
  return body?.[0] === 0x02 && body[1] === 1 && body[2] === 3;
}

function lengthOf(octets: Buffer): number {
  const first = octets[1] ?? 0;
  return first < 0x80 ? first : octets.readUIntBE(2, Math.min(first & 0x7f, 4) || 1);
}

/** What an element holds, as far as it is there. */
function bodyOf(octets: Buffer, tag: number): Buffer | undefined {
  if (octets[0] !== tag || octets.length < 6) return undefined;
  const first = octets[1] ?? 0;
  const from = first < 0x80 ? 2 : 2 + (first & 0x7f);
  if (first === 0x80 || from > 6) return undefined;
  return octets.subarray(from, from + lengthOf(octets));
}
