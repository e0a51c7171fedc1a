import { bad, good, type Canonical } from './canonical.ts';

const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** `age`, expanded for the checksum. */
const PREFIX = [3, 3, 3, 0, 1, 7, 5];

/** An age X25519 recipient: Bech32 (BIP 173) of 32 octets with the prefix `age` (C2SP age §X25519). */
export function ageRecipient(text: string): Canonical {
  if (/^AGE-(?:SECRET-KEY|PLUGIN)/iu.test(text))
    return {
      problem:
        'an age identity stands where a recipient (age1…) belongs; it is exposed now: replace it',
    };
  if (!/^age1[a-z0-9]+$/u.test(text)) return bad(text, 'is not an age recipient (age1…)');
  const values = Array.from(text.slice(4), (character) => CHARSET.indexOf(character));
  const fits = text.length === 62 && !values.includes(-1) && polymod([...PREFIX, ...values]) === 1;
  return fits
    ? good(text)
    : bad(text, 'is not an age X25519 recipient: its checksum or length is wrong');
}

/** What the `sops` program may be given instead: key services and plugins that only it knows. */
export function sopsRecipient(text: string): Canonical {
  if (text.startsWith('age1') && !text.slice(4).includes('1')) return ageRecipient(text);
  if (/^AGE-(?:SECRET-KEY|PLUGIN)/iu.test(text)) return ageRecipient(text);
  return /^[\u0021-\u007e](?:[\u0020-\u007e]*[\u0021-\u007e])?$/u.test(text) && text.length <= 2000
    ? good(text)
    : bad(text, 'is not a recipient of sops');
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
