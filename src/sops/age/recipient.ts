import { PkiError } from '../../errors.ts';
import { PROGRAM_HINT } from '../document/error.ts';
import { decodeBech32 } from './bech32.ts';
import { X25519Recipient } from './x25519.ts';

/** What age's own recipients begin with, and how many octets they hold. Bech32 has no `1` in its characters. */
const NATIVE = [
  { prefix: 'age', start: /^age1[^1]*$/u, size: 32, name: 'X25519' },
  { prefix: 'age1pq', start: /^age1pq1/u, size: 1216, name: 'ML-KEM-768 with X25519' },
] as const;

/**
 * A recipient that the in-process cipher can encrypt to: `age1…` (X25519) or `age1pq1…`.
 * @returns the canonical text
 * @throws PkiError `ERR_RECIPIENT`
 */
export function parseRecipient(text: string): string {
  const recipient = text.trim();
  if (/^AGE-(?:SECRET-KEY|PLUGIN)-/iu.test(recipient))
    // Never shown: it opens what it was to protect.
    throw new PkiError('ERR_RECIPIENT', 'an age identity stands where a recipient belongs', {
      hint: 'replace that identity, which is exposed now, and declare its recipient (age1…)',
    });
  const native = NATIVE.find(({ start }) => start.test(recipient));
  if (native !== undefined) {
    if (decodeBech32(recipient, native.prefix)?.length === native.size) return recipient;
    throw new PkiError(
      'ERR_RECIPIENT',
      `"${shorten(recipient)}" is not an age ${native.name} recipient: its checksum or length is wrong`,
    );
  }
  if (/^(?:age1|ssh-)/u.test(recipient))
    throw new PkiError(
      'ERR_RECIPIENT',
      `"${shorten(recipient)}" is ${recipient.startsWith('ssh-') ? 'an SSH' : 'an age plugin'} recipient, which only the sops program knows`,
      { hint: PROGRAM_HINT },
    );
  throw new PkiError('ERR_RECIPIENT', `"${shorten(recipient)}" is not an age recipient`, {
    hint: "declare a recipient age1…, or set encryption: 'sops' for key services",
  });
}

/** What {@link nativeRecipient} made of each text: the same few recipients stand in thousands of files. */
const known = new Map<string, NativeRecipient>();

/** A recipient, X25519 by node:crypto; the text of all others is for age-encryption. */
export interface NativeRecipient {
  readonly text: string;
  readonly recipient: X25519Recipient | string;
}

/** @throws PkiError `ERR_RECIPIENT` */
export function nativeRecipient(text: string): NativeRecipient {
  const found = known.get(text);
  if (found !== undefined) return found;
  const canonical = parseRecipient(text);
  const raw = canonical.startsWith('age1pq1') ? undefined : decodeBech32(canonical, 'age');
  const recipient = raw === undefined ? canonical : new X25519Recipient(raw);
  const native = { text: canonical, recipient };
  known.set(text, native);
  return native;
}

/** For messages: recognisable, and never the 1,959 characters of a post-quantum recipient. */
export function shorten(recipient: string): string {
  return recipient.length <= 20 ? recipient : `${recipient.slice(0, 12)}…${recipient.slice(-4)}`;
}
