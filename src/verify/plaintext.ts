/** What a private key is written in, without its words: what a report may say. */
export interface PlaintextKey {
  readonly kind: string;
  /** From 1. */
  readonly line: number;
}

/** Layers of base64 that are looked through. */
const MOST_LAYERS = 3;

const PEM = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?)-----/gu;
/** Between the words of a key: line breaks, written ones, and what quotes them. */
const GAP = /(?:\\[nr]|["',\s])+/gu;
const AGE = /AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{50,}/giu;
const PUTTY = /PuTTY-User-Key-File-\d: [^]{0,2000}?Private-Lines: \d/gu;
/** RFC 7518 §6.2.2, §6.3.2: `d` is private in every kind of key. */
const JWK = /\{[^{}]*"kty"\s*:\s*"(?:RSA|EC|OKP)"[^{}]*\}/gu;

/** The words that such a text cannot be without, as they look in base64 by the three ways their first octet can fall. */
const ENCODED = ['PRIVATE KEY', 'AGE-SECRET-KEY-'].flatMap((word) =>
  [0, 1, 2].map((shift) => {
    const encoded = Buffer.from(`${'\0'.repeat(shift)}${word}`).toString('base64');
    return encoded.slice([0, 2, 3][shift], Math.floor(((word.length + shift) * 8) / 6));
  }),
);

/** DER that begins a text of base64, `30` is `M`; and OpenSSH's own form. */
const START = /(?<![A-Za-z0-9+/_-])(?:M[A-Za-z0-9+/_-]{31,}|b3BlbnNzaC1rZXktdjEA)/gu;
/** Base64 that may hold text. */
const RUN = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{64,}/gu;
const LONGEST_KEY = 20_000;

/**
 * Private keys that anybody can read in a file: PEM of every kind that is not encrypted with a passphrase, identities of age, JWK,
 * PuTTY's, DER, and each of them in base64 or base64url at any alignment, folded, quoted or escaped, up to three layers deep.
 */
export function plaintextKeys(content: Uint8Array): PlaintextKey[] {
  const octets = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  // UTF-16 is text with null octets between
  const text = octets.toString('latin1').replaceAll('\0', '');
  const hits = keysInText(text, 0);
  if (isPrivateDer(octets)) hits.push({ kind: 'DER private key', at: 0 });
  const found = hits
    .sort((a, b) => a.at - b.at)
    .map(({ kind, at }) => ({ kind, line: text.slice(0, at).split('\n').length }));
  // the body of a PEM block, or what is encoded once more, is the same key again
  return found.filter(({ line }, index) => index === 0 || line > (found[index - 1]?.line ?? 0) + 1);
}

interface Hit {
  readonly kind: string;
  readonly at: number;
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
  for (const match of text.matchAll(AGE)) hits.push({ kind: 'age identity', at: match.index });
  for (const match of text.matchAll(PUTTY)) {
    if (/Encryption: none/u.test(match[0])) hits.push({ kind: 'PuTTY key', at: match.index });
  }
  for (const match of text.matchAll(JWK)) {
    if (/"d"\s*:\s*"[\w-]{32,}"/u.test(match[0])) hits.push({ kind: 'JWK', at: match.index });
  }
  if (depth < MOST_LAYERS) hits.push(...keysInBase64(text, depth));
  return hits;
}

const HEADER = /^[A-Za-z-]+: [^\n\\]*/u;
const LEADING_GAP = /^(?:\\[nr]|["',\s])+/u;

/** With a body, which prose and programs that name the line have not; and not encrypted with a passphrase. */
function isPlainPem(label: string, rest: string): boolean {
  if (label.includes('ENCRYPTED')) return false;
  let body = rest.replace(LEADING_GAP, '');
  for (let header = HEADER.exec(body); header !== null; header = HEADER.exec(body)) {
    if (header[0].startsWith('Proc-Type: 4,ENCRYPTED')) return false;
    body = body.slice(header[0].length).replace(LEADING_GAP, '');
  }
  const joined = /^[A-Za-z0-9+/=]*/u.exec(body.slice(0, 1000).replaceAll(GAP, ''))?.[0] ?? '';
  const first = /^[A-Za-z0-9+/]*/u.exec(body)?.[0] ?? '';
  if (first.length < 16 || joined.length < 40) return false;
  return label !== 'OPENSSH PRIVATE KEY' || !isLockedOpenSsh(decode(joined));
}

/** The name of the cipher follows the magic: `none` where there is no passphrase. */
function isLockedOpenSsh(octets: Buffer): boolean {
  const magic = 'openssh-key-v1\0';
  const at = magic.length;
  if (octets.toString('latin1', 0, at) !== magic || octets.length < at + 8) return false;
  return octets.toString('latin1', at + 4, at + 4 + octets.readUInt32BE(at)) !== 'none';
}

function keysInBase64(text: string, depth: number): Hit[] {
  const hits: Hit[] = [];
  for (const match of text.matchAll(START)) {
    const run = text.slice(match.index, match.index + LONGEST_KEY);
    const octets = decode(run.slice(0, 64));
    if (octets.toString('latin1', 0, 14) === 'openssh-key-v1') {
      if (!isLockedOpenSsh(octets)) hits.push({ kind: 'OpenSSH key in base64', at: match.index });
    } else if (startsPrivate(octets) && isPrivateDer(decode(leadingRun(run)))) {
      hits.push({ kind: 'DER private key in base64', at: match.index });
    }
  }
  let seen = 0; // the lines of a run are one
  for (const match of text.matchAll(RUN)) {
    if (match.index < seen) continue;
    if (!/^[\t\n\r -~]{45,}$/u.test(decode(match[0].slice(0, 64)).toString('latin1'))) continue;
    const run = leadingRun(text.slice(match.index));
    seen = match.index + run.length;
    if (keysInText(decode(run).toString('latin1'), depth + 1).length > 0)
      hits.push({ kind: 'private key in base64', at: match.index });
  }
  const joined = text.replaceAll(GAP, '').replaceAll('-', '+').replaceAll('_', '/');
  for (const word of ENCODED) {
    for (let at = joined.indexOf(word); at !== -1; at = joined.indexOf(word, at + 1)) {
      const [from, to] = runAround(joined, at);
      const isKey = [0, 1, 2, 3].some((skip) => {
        const decoded = Buffer.from(joined.slice(from + skip, to), 'base64').toString('latin1');
        return keysInText(decoded, depth + 1).length > 0;
      });
      if (isKey) hits.push({ kind: 'private key in base64', at: placeOf(text, from) });
    }
  }
  return hits;
}

/** The base64 that a text begins with, through line breaks. */
function leadingRun(text: string): string {
  return /^(?:[A-Za-z0-9+/_-]|\\[nr]|["',\s])*={0,2}/u.exec(text)?.[0] ?? '';
}

function decode(text: string): Buffer {
  return Buffer.from(text.replaceAll(GAP, ''), 'base64');
}

/** Where in a text the octet stands that is at `joined` once gaps are left out. */
function placeOf(text: string, joined: number): number {
  let left = 0;
  for (const { index, 0: gap } of text.matchAll(GAP)) {
    if (index - left > joined) break;
    left += gap.length;
  }
  return joined + left;
}

const MOST_AROUND = 200_000;

function runAround(text: string, at: number): readonly [number, number] {
  let [from, to] = [at, at];
  while (from > Math.max(0, at - MOST_AROUND) && /[A-Za-z0-9+/]/u.test(text.charAt(from - 1)))
    from -= 1;
  while (to < Math.min(text.length, at + MOST_AROUND) && /[A-Za-z0-9+/]/u.test(text.charAt(to)))
    to += 1;
  return [from, to];
}

/** Whether DER begins as private keys do: a sequence whose first element is the version 0 or 1. */
function startsPrivate(octets: Buffer): boolean {
  const body = bodyOf(octets, 0x30);
  return body?.[0] === 0x02 && body[1] === 1 && (body[2] ?? 2) <= 1;
}

/** PKCS #8 (RFC 5958), PKCS #1 (RFC 8017 §A.1.2), SEC 1 (RFC 5915) or DSA's, not encrypted. */
function isPrivateDer(octets: Buffer): boolean {
  if (!startsPrivate(octets)) return false;
  const rest = bodyOf(octets, 0x30)?.subarray(3) ?? Buffer.alloc(0);
  const second = rest[0];
  if (second === 0x04) return [20, 24, 28, 32, 48, 66].includes(rest[1] ?? 0); // SEC 1
  if (second === 0x02) return (bodyOf(rest, 0x02)?.length ?? 0) >= 32; // PKCS #1
  const algorithm = bodyOf(rest, 0x30);
  if (second !== 0x30 || algorithm?.[0] !== 0x06) return false;
  return rest[algorithm.byteOffset - rest.byteOffset + lengthOf(rest)] === 0x04;
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
