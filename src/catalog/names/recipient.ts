import { bech32 } from '@scure/base';
import { bad, good, type Canonical } from './canonical.ts';

const OCTETS = 32;

/** An age X25519 recipient: Bech32 (BIP 173) of 32 octets with the prefix `age` (C2SP age §X25519). */
export function ageRecipient(text: string): Canonical {
  if (/^AGE-(?:SECRET-KEY|PLUGIN)/iu.test(text))
    return {
      problem:
        'an age identity stands where a recipient (age1…) belongs; it is exposed now: replace it',
    };
  if (!/^age1[a-z0-9]+$/u.test(text)) return bad(text, 'is not an age recipient (age1…)');
  const words = bech32.decodeUnsafe(text, false)?.words ?? [];
  const fits = bech32.fromWordsUnsafe(words)?.length === OCTETS;
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
