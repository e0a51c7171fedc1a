import { PkiError } from '../../errors.ts';
import { contentsOf, derElements, SEQUENCE, type DerElement } from './der.ts';
import { readFields, type CertificateFields } from './fields.ts';
import { formatName, readName } from './name.ts';

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

const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;

/** RFC 5280 §4.1.2.5: both forms in Zulu time, with seconds and without fractions. */
const TIMES: ReadonlyMap<number, RegExp> = new Map([
  [UTC_TIME, /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/u],
  [GENERALIZED_TIME, /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/u],
]);

/**
 * Reads the fields of a certificate that an expiry report needs; signature, key and extensions are not looked at.
 *
 * @throws PkiError ERR_CERTIFICATE where `der` does not have the form of RFC 5280 §4.1
 */
export function readValidity(der: Buffer): CertificateValidity {
  const fields = readFields(der);
  return {
    subject: formatName(readName(fields.subject)),
    issuer: formatName(readName(fields.issuer)),
    ...serialAndTimes(fields),
  };
}

export function serialAndTimes({
  serialNumber,
  validity,
}: CertificateFields): Omit<CertificateValidity, 'subject' | 'issuer'> {
  const [notBefore, notAfter] = contentsOf(derElements(validity)[0], SEQUENCE);
  return {
    serialNumber: serialText(serialNumber),
    notBefore: readTime(notBefore),
    notAfter: readTime(notAfter),
  };
}

/** As `CertificateInfo` has it, from the contents of an INTEGER. */
export function serialText(contents: Buffer): string {
  return contents
    .toString('hex')
    .toUpperCase()
    .replace(/^(?:00)+(?=..)/u, '');
}

/** @throws PkiError ERR_CERTIFICATE where it is no Time (RFC 5280 §4.1.2.5) */
export function readTime(element: DerElement | undefined): Date {
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
    throw new PkiError('ERR_CERTIFICATE', 'validity of a certificate cannot be read');
  }
  return date;
}
