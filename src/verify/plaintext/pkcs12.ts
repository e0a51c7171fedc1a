import { createHash, createHmac } from 'node:crypto';
import { PkiError } from '../../errors.ts';
import { contentsOf, derElements, dottedOid, SEQUENCE } from '../../x509/read/der.ts';
import { startsPkcs12 } from './der.ts';

/** Of a key that is not encrypted, RFC 7292 §4.2.1, and of one that is, §4.2.2. */
const [KEY_BAG, SHROUDED_KEY_BAG] = ['01', '02'].map((last) =>
  Buffer.from(`060b2a864886f70d010c0a01${last}`, 'hex'),
) as [Buffer, Buffer];

/** By their identifiers: names, and the octets that they take at a time. */
const HASHES: Readonly<Record<string, readonly [name: string, block: number]>> = {
  '1.3.14.3.2.26': ['sha1', 64],
  '2.16.840.1.101.3.4.2.1': ['sha256', 64],
  '2.16.840.1.101.3.4.2.2': ['sha384', 128],
  '2.16.840.1.101.3.4.2.3': ['sha512', 128],
};

/** OpenSSL's are 2,048 and Java's 10,000. A file that asks for more must not hold up who looks at it. */
const MOST_ITERATIONS = 100_000;

/** How a key in PKCS #12 lies open to everybody; undefined where it does not, or there is none. */
export function openPkcs12(octets: Buffer): string | undefined {
  if (!startsPkcs12(octets)) return undefined;
  if (octets.includes(KEY_BAG)) return 'PKCS #12 without a passphrase';
  if (!octets.includes(SHROUDED_KEY_BAG) || !fitsEmptyPassphrase(octets)) return undefined;
  return 'PKCS #12 with an empty passphrase';
}

/** Whether the MAC is that of no letters: programs write it with the end mark that a passphrase has, or without. RFC 7292 §4, §B. */
function fitsEmptyPassphrase(octets: Buffer): boolean {
  const mac = macOf(octets);
  if (mac === undefined) return false;
  const { name, block, salt, iterations, digest, content } = mac;
  return [Buffer.alloc(block), Buffer.alloc(0)].some((passphrase) => {
    // §B.2, with 3 for a MAC, whose key is as long as one hash
    let key = Buffer.concat([Buffer.alloc(block, 3), filled(salt, block), passphrase]);
    for (let round = 0; round < iterations; round += 1) key = createHash(name).update(key).digest();
    return createHmac(name, key).update(content).digest().equals(digest);
  });
}

/** Repeated to a multiple of what the hash takes at a time. */
function filled(salt: Buffer, block: number): Buffer {
  return Buffer.alloc(Math.ceil(salt.length / block) * block, salt);
}

interface Mac {
  readonly name: string;
  readonly block: number;
  readonly salt: Buffer;
  readonly iterations: number;
  readonly digest: Buffer;
  /** What it is over. */
  readonly content: Buffer;
}

/** Undefined for another form: a signature in its place, or a hash that nobody uses for it. */
function macOf(octets: Buffer): Mac | undefined {
  try {
    const [, safe, data] = contentsOf(derElements(octets)[0], SEQUENCE);
    const [, explicit] = contentsOf(safe, SEQUENCE);
    const [info, salt, count] = contentsOf(data, SEQUENCE);
    const [algorithm, digest] = contentsOf(info, SEQUENCE);
    const [identifier] = contentsOf(algorithm, SEQUENCE);
    const [name, block] = HASHES[dottedOid(identifier?.contents ?? Buffer.alloc(0))] ?? [];
    const content = derElements(explicit?.contents ?? Buffer.alloc(0))[0]?.contents;
    const iterations = Number.parseInt(count?.contents.toString('hex') ?? '1', 16);
    if (name === undefined || block === undefined || digest === undefined) return undefined;
    if (salt === undefined || salt.contents.length > block || content === undefined)
      return undefined;
    if (!(iterations >= 1 && iterations <= MOST_ITERATIONS)) return undefined;
    return { name, block, salt: salt.contents, iterations, digest: digest.contents, content };
  } catch (error) {
    if (error instanceof PkiError) return undefined;
    throw error;
  }
}
