import type { Subject } from '../../model/names.ts';
import { contentsOf, derElements, dottedOid, SEQUENCE, type DerElement } from './der.ts';

const SET = 0x31;

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

/** One AttributeTypeAndValue. */
interface Attribute {
  /** The short name; undefined for types that RFC 4514 has none for. */
  readonly type: string | undefined;
  readonly oid: Buffer;
  /** Undefined where it is not one of the string types. */
  readonly text: string | undefined;
  readonly value: Buffer;
}

/** A Name (RFC 5280 §4.1.2.4): its RDNs, each with its attributes. */
export type Name = readonly (readonly Attribute[])[];

/** @throws PkiError ERR_CERTIFICATE where `der` is no Name */
export function readName(der: Buffer): Name {
  return contentsOf(derElements(der)[0], SEQUENCE).map((rdn) =>
    contentsOf(rdn, SET).map(readAttribute),
  );
}

/** The fields of a `Subject` by their short names. */
const FIELDS = {
  C: 'country',
  O: 'organizations',
  OU: 'organizationalUnits',
  CN: 'commonName',
  serialNumber: 'serialNumber',
} as const satisfies Record<string, keyof Subject>;

/** What a name says of a subject; attributes of other types are left out. */
export function subjectOf(name: Name): Subject {
  const values: Partial<Record<keyof Subject, string[]>> = {};
  for (const { type, text } of name.flat()) {
    if (type === undefined || text === undefined || !Object.hasOwn(FIELDS, type)) continue;
    (values[FIELDS[type as keyof typeof FIELDS]] ??= []).push(text);
  }
  const { country, organizations, organizationalUnits, commonName, serialNumber } = values;
  // of single-valued attributes the last one counts, as in Go's FillFromRDNSequence
  return {
    ...single('country', country),
    ...(organizations && { organizations }),
    ...(organizationalUnits && { organizationalUnits }),
    ...single('commonName', commonName),
    ...single('serialNumber', serialNumber),
  };
}

/** RFC 4514 text: the last RDN first. */
export function formatName(name: Name): string {
  return name
    .map((rdn) => rdn.map(formatAttribute).join('+'))
    .reverse()
    .join(',');
}

function readAttribute(attribute: DerElement): Attribute {
  const [type, value] = contentsOf(attribute, SEQUENCE);
  const oid = type?.contents ?? Buffer.alloc(0);
  const encoding = ENCODINGS.get(value?.tag ?? 0);
  return {
    type: TYPES.get(oid.toString('hex')),
    oid,
    text: encoding && decode(value?.contents ?? Buffer.alloc(0), encoding),
    value: value?.der ?? Buffer.alloc(0),
  };
}

function single<K extends string>(field: K, values: string[] | undefined): { [F in K]?: string } {
  const value = values?.at(-1);
  return (value === undefined ? {} : { [field]: value }) as { [F in K]?: string };
}

function formatAttribute({ type, oid, text, value }: Attribute): string {
  // RFC 4514 §2.4: what has no name or is no text is written as its octets
  return type === undefined || text === undefined
    ? `${type ?? dottedOid(oid)}=#${value.toString('hex')}`
    : `${type}=${escapeValue(text)}`;
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
