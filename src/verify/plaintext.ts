import { isPrivateDer, startsPrivate } from './plaintext/der.ts';
import {
  decode,
  encodedDer,
  encodedTexts,
  isLockedOpenSsh,
  textOf,
  withoutGaps,
  type Hit,
} from './plaintext/encoded.ts';
import { openPkcs12 } from './plaintext/pkcs12.ts';

/** What a private key is written in, without its words: what a report may say. */
export interface PlaintextKey {
  readonly kind: string;
  /** From 1. */
  readonly line: number;
}

/** Encodings within each other that are looked through. */
const MOST_LAYERS = 6;

const PEM = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?)-----/gu;
const AGE = /AGE-SECRET-KEY-(?:PQ-)?1/giu;
/** The letters of Bech32, which prose cannot do without the others of. */
const BECH32 = /^[02-9ac-hj-np-z]{50}/iu;
const PUTTY = /PuTTY-User-Key-File-\d: [^]{0,2000}?Private-Lines: \d/gu;
const OBJECT = /\{[^{}]*\}/gu;
const LONGEST_KEY = 20_000;
/** So much of an identity, with gaps, tells one. */
const FOLDED_AGE = 200;

/**
 * Private keys that anybody can read in a file: PEM of every kind that is not encrypted with a passphrase, identities of age, JWK,
 * PuTTY's, DER, PKCS #12 without a passphrase or with an empty one, and each of them in base64, base64url, hexadecimal, URL encoding or UTF-16, at any
 * alignment, folded, quoted or escaped, up to six layers deep. Its time grows with the size of the file.
 */
export function plaintextKeys(content: Uint8Array): PlaintextKey[] {
  const octets = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const text = textOf(octets);
  const hits = keysInText(text, 0);
  if (isPrivateDer(octets)) hits.push({ kind: 'DER private key', at: 0 });
  const pkcs12 = openPkcs12(octets);
  if (pkcs12 !== undefined) hits.push({ kind: pkcs12, at: 0 });
  let [line, counted] = [1, 0];
  const found = hits
    .sort((a, b) => a.at - b.at)
    .map(({ kind, at }) => {
      line += text.slice(counted, at).split('\n').length - 1;
      counted = at;
      return { kind, line };
    });
  // the body of a PEM block, or what is encoded once more, is the same key again
  return found.filter(
    (item, index) => index === 0 || item.line > (found[index - 1]?.line ?? 0) + 1,
  );
}

function keysInText(text: string, depth: number): Hit[] {
  const hits: Hit[] = [];
  if (text.includes('PRIVATE KEY')) {
    for (const match of text.matchAll(PEM)) {
      const from = match.index + match[0].length;
      if (isPlainPem(match[1] ?? '', text.slice(from, from + LONGEST_KEY)))
        hits.push({ kind: `PEM ${match[1] ?? ''}`, at: match.index });
    }
  }
  for (const { 0: word, index: at } of text.matchAll(AGE)) {
    const from = at + word.length;
    if (BECH32.test(withoutGaps(text.slice(from, from + FOLDED_AGE))))
      hits.push({ kind: 'age identity', at });
  }
  for (const match of text.matchAll(PUTTY)) {
    if (/Encryption: none/u.test(match[0])) hits.push({ kind: 'PuTTY key', at: match.index });
  }
  for (const match of text.matchAll(OBJECT)) {
    if (isPrivateJwk(match[0])) hits.push({ kind: 'JWK', at: match.index });
  }
  hits.push(...encodedDer(text));
  if (depth === MOST_LAYERS) return hits;
  for (const { kind, at, text: inner } of encodedTexts(text)) {
    if (keysInText(inner, depth + 1).length > 0) hits.push({ kind, at });
  }
  return hits;
}

/** RFC 7518 §6.2.2, §6.3.2: `d` is private in every kind of key. */
function isPrivateJwk(text: string): boolean {
  const plain = text.replaceAll(/\\+"/gu, '"');
  return /"kty"\s*:\s*"(?:RSA|EC|OKP)"/u.test(plain) && /"d"\s*:\s*"[\w-]{32,}"/u.test(plain);
}

const HEADER = /^[A-Za-z-]+: [^\n\\]*/u;
const LEADING_GAP = /^(?:\\+[nr]?|["',\s])+/u;

/** With a body, which prose and programs that name the line have not; and not encrypted with a passphrase. */
function isPlainPem(label: string, rest: string): boolean {
  if (label.includes('ENCRYPTED')) return false;
  let body = rest.replace(LEADING_GAP, '');
  for (let header = HEADER.exec(body); header !== null; header = HEADER.exec(body)) {
    if (header[0].startsWith('Proc-Type: 4,ENCRYPTED')) return false;
    body = body.slice(header[0].length).replace(LEADING_GAP, '');
  }
  const joined = /^[A-Za-z0-9+/=]*/u.exec(withoutGaps(body.slice(0, 1000)))?.[0] ?? '';
  const first = /^[A-Za-z0-9+/]*/u.exec(body)?.[0] ?? '';
  if (joined.length < 40) return false;
  const octets = decode(joined);
  // words without marks between them are base64, too, once gaps are left out
  if (first.length < 16 && !startsPrivate(octets) && !joined.startsWith('b3BlbnNz')) return false;
  return label !== 'OPENSSH PRIVATE KEY' || !isLockedOpenSsh(octets);
}
