import { derContents, derElements, dottedOid } from './der.ts';

/** Short names by the contents of the OID, in hexadecimal (RFC 4514 §3, and serialNumber of X.520). */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['550403', 'CN'],
  ['550405', 'serialNumber'],
  ['550406', 'C'],
  ['550407', 'L'],
  ['550408', 'ST'],
  ['550409', 'STREET'],
  ['55040a', 'O'],
  ['55040b', 'OU'],
  ['0992268993f22c640101', 'UID'],
  ['0992268993f22c640119', 'DC'],
]);

/** Encodings of ASN.1 string types by their tag: UTF8String, PrintableString, TeletexString, IA5String, BMPString. */
const ENCODINGS: ReadonlyMap<number, string> = new Map([
  [0x0c, 'utf-8'],
  [0x13, 'latin1'],
  [0x14, 'latin1'],
  [0x16, 'latin1'],
  [0x1e, 'utf-16be'],
]);

/** RFC 4514 text of a Name (RFC 5280 §4.1.2.4), given as DER: the last RDN first. */
export function formatDistinguishedName(name: Buffer): string {
  return derContents(name)
    .map((rdn) => derElements(rdn.contents).map(({ contents }) => formatAttribute(contents)))
    .map((attributes) => attributes.join('+'))
    .reverse()
    .join(',');
}

function formatAttribute(attribute: Buffer): string {
  const [type, value] = derElements(attribute);
  const oid = type?.contents.toString('hex') ?? '';
  const name = TYPES.get(oid);
  const encoding = ENCODINGS.get(value?.tag ?? 0);
  // RFC 4514 §2.4: what has no name or is no text is written as its octets
  return name === undefined || encoding === undefined
    ? `${name ?? dottedOid(oid)}=#${value?.der.toString('hex') ?? ''}`
    : `${name}=${escapeValue(decode(value?.contents ?? Buffer.alloc(0), encoding))}`;
}

function decode(octets: Buffer, encoding: string): string {
  return encoding === 'utf-16be'
    ? new TextDecoder(encoding).decode(octets)
    : octets.toString(encoding as BufferEncoding);
}

/** RFC 4514 §2.4; control characters as their octets. */
function escapeValue(value: string): string {
  if (/^[A-Za-z0-9]+(?:[-A-Za-z0-9:._/ ]*[A-Za-z0-9])?$/u.test(value)) return value;
  return value.replaceAll(/["+,;<>\\]|^[ #]|(?<!^) $/gu, String.raw`\$&`).replaceAll(
    // eslint-disable-next-line no-control-regex -- exactly these are meant
    /[\u0000-\u001F\u007F]/gu,
    (character) => `\\${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
