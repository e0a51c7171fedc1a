import { bech32 } from '@scure/base';
import { bad, good, type Canonical } from './canonical.ts';

/** age's own recipients (C2SP age): X25519, and ML-KEM-768 with X25519. Bech32 has no `1` in its characters. */
const KINDS = [
  { form: /^age1[^1]*$/u, prefix: 'age', octets: 32, name: 'X25519' },
  { form: /^age1pq1/u, prefix: 'age1pq', octets: 1216, name: 'ML-KEM-768 with X25519' },
] as const;

/** What opens files where the name of a reader belongs, with whatever stands around it. */
const SECRET = /AGE-(?:SECRET-KEY|PLUGIN)|PRIVATE KEY/iu;

/** A recipient of age in Bech32 (BIP 173). No problem ever shows a text that may be a secret. */
export function ageRecipient(text: string): Canonical {
  if (SECRET.test(text))
    return {
      problem:
        'an age identity or private key stands where a recipient (age1…) belongs; it is exposed now: replace it',
    };
  if (!/^age1[a-z0-9]+$/u.test(text))
    return /^(?:age1|ssh-)/u.test(text)
      ? bad(shortened(text), 'is not an age recipient (age1…)')
      : { problem: 'names one that is not an age recipient (age1…); it is not shown' };
  const kind = KINDS.find(({ form }) => form.test(text));
  if (kind === undefined)
    return bad(
      shortened(text),
      "is a recipient of an age plugin, which only encryption: 'sops' takes",
    );
  const { prefix = '', words = [] } = bech32.decodeUnsafe(text, false) ?? {};
  const fits = prefix === kind.prefix && bech32.fromWordsUnsafe(words)?.length === kind.octets;
  return fits
    ? good(text)
    : bad(shortened(text), `is not an age ${kind.name} recipient: its checksum or length is wrong`);
}

/** Recognisable, and never the 1,959 characters of a post-quantum recipient. */
function shortened(text: string): string {
  return text.length <= 20 ? text : `${text.slice(0, 12)}…${text.slice(-4)}`;
}

/** What the `sops` program may be given instead: key services and plugins that only it knows. */
export function sopsRecipient(text: string): Canonical {
  if (SECRET.test(text) || KINDS.some(({ form }) => form.test(text))) return ageRecipient(text);
  return /^[\u0021-\u007e](?:[\u0020-\u007e]*[\u0021-\u007e])?$/u.test(text) && text.length <= 2000
    ? good(text)
    : { problem: 'names one that is not a recipient of sops; it is not shown' };
}
