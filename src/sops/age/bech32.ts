const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/**
 * The octets of a Bech32 text (BIP 173, without its limit of 90 characters, as age reads it); undefined
 * where prefix, characters, checksum or padding are wrong.
 */
export function decodeBech32(text: string, prefix: string): Uint8Array | undefined {
  const lower = text.toLowerCase();
  if ((text !== lower && text !== text.toUpperCase()) || !text.startsWith(`${prefix}1`))
    return undefined;
  const values = Array.from(lower.slice(prefix.length + 1), (character) =>
    CHARSET.indexOf(character),
  );
  if (values.length < 6 || values.includes(-1)) return undefined;
  if (polymod([...expand(prefix.toLowerCase()), ...values]) !== 1) return undefined;
  return octets(values.slice(0, -6));
}

function expand(prefix: string): number[] {
  const codes = Array.from(prefix, (character) => character.charCodeAt(0));
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
}

function polymod(values: readonly number[]): number {
  let checksum = 1;
  for (const value of values) {
    const top = checksum >>> 25;
    checksum = ((checksum & 0x1ffffff) << 5) ^ value;
    GENERATOR.forEach((term, index) => {
      if ((top >>> index) & 1) checksum ^= term;
    });
  }
  return checksum >>> 0;
}

/** From groups of five bits; what is left over must be short and zero. */
function octets(values: readonly number[]): Uint8Array | undefined {
  const result: number[] = [];
  let pending = 0;
  let bits = 0;
  for (const value of values) {
    pending = ((pending << 5) | value) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    result.push((pending >> bits) & 0xff);
  }
  const left = pending & ((1 << bits) - 1);
  return bits < 5 && left === 0 ? Uint8Array.from(result) : undefined;
}
