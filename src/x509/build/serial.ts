import type { RandomBytes } from '../../model/ports.ts';
import { PkiError } from '../../errors.ts';
import { type Asn1, der } from './der.ts';

const OCTETS = 16;
const MAX_OCTETS = 20;

/**
 * A new serial number: positive, 16 octets, 126 of its bits random (RFC 5280 §4.1.2.2).
 * @param randomBytes - the command's source of randomness
 */
export function serialNumber(randomBytes: RandomBytes): Uint8Array {
  const octets = Uint8Array.from(randomBytes(OCTETS));
  // top bit clear: positive; the next one set: never shortened by DER
  octets[0] = ((octets[0] ?? 0) & 0x7f) | 0x40;
  return octets;
}

/** @throws PkiError ERR_ISSUE where DER would shorten or negate the number, or it is not 16 to 20 octets */
export function buildSerialNumber(octets: Uint8Array): Asn1 {
  const first = octets[0] ?? 0;
  if (octets.length < OCTETS || octets.length > MAX_OCTETS || first === 0 || first >= 0x80) {
    throw new PkiError(
      'ERR_ISSUE',
      `serial number is not positive with ${OCTETS} to ${MAX_OCTETS} octets`,
    );
  }
  return der.bigInteger(octets);
}
