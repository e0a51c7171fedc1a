import { PkiError } from '../../errors.ts';
import { derContents, derElements, type DerElement } from './der.ts';
import { formatDistinguishedName } from './distinguished-name.ts';

/** What an expiry report says of a certificate. */
export interface CertificateValidity {
  /** RFC 4514 text. */
  readonly subject: string;
  readonly issuer: string;
  /** Upper-case hexadecimal, as `CertificateInfo` has it. */
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;
const INTEGER = 0x02;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const VERSION = 0xa0;

/** RFC 5280 §4.1.2.5: both forms in Zulu time, with seconds and without fractions. */
const TIMES: ReadonlyMap<number, RegExp> = new Map([
  [UTC_TIME, /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/u],
  [GENERALIZED_TIME, /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/u],
]);

/**
 * Reads the fields of a certificate that an expiry report needs, without OpenSSL, which takes twenty times as long because it
 * loads the key. What is read is checked; signature, key and extensions are not looked at.
 *
 * @throws PkiError ERR_CERTIFICATE where `der` does not have the form of RFC 5280 §4.1
 */
export function readValidity(der: Buffer): CertificateValidity {
  const [certificate, ...trailing] = derElements(der);
  const [tbs, algorithm, signature] = contentsOf(certificate, SEQUENCE);
  if (trailing.length > 0 || algorithm?.tag !== SEQUENCE || signature?.tag !== BIT_STRING) {
    throw malformed();
  }
  const fields = contentsOf(tbs, SEQUENCE);
  const start = fields[0]?.tag === VERSION ? 1 : 0; // absent in X.509 v1
  const [serial, inner, issuer, validity, subject, key] = fields.slice(start);
  if (serial?.tag !== INTEGER || key?.tag !== SEQUENCE || !inner?.der.equals(algorithm.der)) {
    throw malformed();
  }
  const [notBefore, notAfter] = contentsOf(validity, SEQUENCE);
  return {
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    serialNumber: serial.contents
      .toString('hex')
      .toUpperCase()
      .replace(/^(?:00)+(?=..)/u, ''),
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
  };
}

function contentsOf(element: DerElement | undefined, tag: number): DerElement[] {
  if (element?.tag !== tag) throw malformed();
  return derContents(element.der);
}

function nameOf(element: DerElement | undefined): string {
  if (element?.tag !== SEQUENCE) throw malformed();
  return formatDistinguishedName(element.der);
}

function timeOf(element: DerElement | undefined): Date {
  const text = element?.contents.toString('latin1') ?? '';
  const [year = NaN, month = 0, day = 0, ...time] = (
    TIMES.get(element?.tag ?? 0)
      ?.exec(text)
      ?.slice(1) ?? []
  ).map(Number);
  const [hours = 0, minutes = 0, seconds = 0] = time;
  // of two digits, 50 and above are of the last century
  const century = element?.tag === GENERALIZED_TIME ? 0 : year < 50 ? 2000 : 1900;
  const date = new Date(Date.UTC(century + year, month - 1, day, hours, minutes, seconds));
  // an hour past the 23rd is one of the next day
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (Number.isNaN(date.getTime()) || !isReal || minutes > 59 || seconds > 59) {
    throw malformed();
  }
  return date;
}

function malformed(): PkiError {
  return new PkiError('ERR_CERTIFICATE', 'certificate is not X.509');
}
