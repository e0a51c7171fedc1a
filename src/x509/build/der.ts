import forge from 'node-forge';

const { asn1 } = forge;
const { Class, Type } = asn1;

/** An ASN.1 value on its way to DER. */
export type Asn1 = forge.asn1.Asn1;

/** forge's types name universal tags only; a context-specific tag is any number. */
const create: (
  tagClass: number,
  tag: number,
  constructed: boolean,
  value: string | forge.asn1.Asn1[],
) => Asn1 = asn1.create;

/** forge keeps octets in strings, one character an octet. */
const binary = (octets: Uint8Array): string =>
  Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1');

const primitive = (type: number, value: string): Asn1 =>
  create(Class.UNIVERSAL, type, false, value);

/** The few types of X.690 that a certificate is made of. */
export const der = {
  sequence: (...members: readonly (Asn1 | undefined)[]): Asn1 =>
    create(Class.UNIVERSAL, Type.SEQUENCE, true, members.filter(isPresent)),

  /** Members in the order of their octets (X.690 §11.6), as Go's `encoding/asn1` writes a SET OF. */
  setOf: (...members: readonly Asn1[]): Asn1 => {
    const sorted = members
      .map((member) => ({ member, octets: encode(member) }))
      .sort((a, b) => Buffer.compare(a.octets, b.octets));
    return create(
      Class.UNIVERSAL,
      Type.SET,
      true,
      sorted.map(({ member }) => member),
    );
  },

  oid: (oid: string): Asn1 => primitive(Type.OID, asn1.oidToDer(oid).getBytes()),
  null: (): Asn1 => primitive(Type.NULL, ''),
  true: (): Asn1 => primitive(Type.BOOLEAN, '\xff'),
  integer: (value: number): Asn1 => primitive(Type.INTEGER, asn1.integerToDer(value).getBytes()),
  enumerated: (value: number): Asn1 =>
    primitive(Type.ENUMERATED, asn1.integerToDer(value).getBytes()),
  /** Big-endian two's complement. */
  bigInteger: (octets: Uint8Array): Asn1 => primitive(Type.INTEGER, binary(octets)),
  octetString: (octets: Uint8Array): Asn1 => primitive(Type.OCTETSTRING, binary(octets)),
  bitString: (octets: Uint8Array, unusedBits = 0): Asn1 =>
    primitive(Type.BITSTRING, String.fromCodePoint(unusedBits) + binary(octets)),
  printableString: (text: string): Asn1 => primitive(Type.PRINTABLESTRING, text),
  utf8String: (text: string): Asn1 => primitive(Type.UTF8, binary(Buffer.from(text))),
  utcTime: (text: string): Asn1 => primitive(Type.UTCTIME, text),
  generalizedTime: (text: string): Asn1 => primitive(Type.GENERALIZEDTIME, text),

  /** `[tag] IMPLICIT` of a primitive type. */
  implicit: (tag: number, octets: Uint8Array): Asn1 =>
    create(Class.CONTEXT_SPECIFIC, tag, false, binary(octets)),
  /** `[tag] EXPLICIT`. */
  explicit: (tag: number, member: Asn1): Asn1 =>
    create(Class.CONTEXT_SPECIFIC, tag, true, [member]),

  /** A SEQUENCE whose contents are octets of DER, copied and not looked into. */
  rawSequence: (contents: Uint8Array): Asn1 => primitive(CONSTRUCTED_SEQUENCE, binary(contents)),
};

/** forge composes only what it was given as a tree; with the bit of X.690 §8.1.2.5 set by hand it copies octets. */
const CONSTRUCTED_SEQUENCE = Type.SEQUENCE | 0x20;

/** DER of an ASN.1 value. */
export function encode(value: Asn1): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'latin1');
}

function isPresent(member: Asn1 | undefined): member is Asn1 {
  return member !== undefined;
}
