import type { Subject } from '../../model/names.ts';
import { PkiError } from '../../errors.ts';
import { type Asn1, der } from './der.ts';
import { ATTRIBUTES } from './oids.ts';

/** ub-common-name, ub-organization-name and their like in RFC 5280 Appendix A.1, all the same; in characters. */
const MAX_LENGTH = 64;

/** What Go takes for a PrintableString; of X.680 §41.4 it leaves nothing out. */
const PRINTABLE = /^[A-Za-z0-9 '()+,./:=?-]*$/u;

/**
 * A name as Go's `pkix.Name` encodes it, so that it equals kubeadm's octet by octet: one RDN for all values of an
 * attribute, PrintableString where that can hold the value, else UTF8String.
 * @throws PkiError ERR_ISSUE on a value that RFC 5280 Appendix A.1 does not allow
 */
export function buildName(subject: Subject): Asn1 {
  const rdns = Object.entries(ATTRIBUTES).flatMap(([attribute, oid]) => {
    const values = [subject[attribute as keyof Subject] ?? []].flat();
    if (values.length === 0) return [];
    const encoded = [...new Set(values)].map((value) =>
      der.sequence(der.oid(oid), buildValue(attribute as keyof Subject, value)),
    );
    return [der.setOf(...encoded)];
  });
  return der.sequence(...rdns);
}

/** Whether a subject has no attribute at all. */
export function isEmptyName(subject: Subject): boolean {
  return Object.values(subject).flat().length === 0;
}

function buildValue(attribute: keyof Subject, value: string): Asn1 {
  const refuse = (problem: string): PkiError =>
    new PkiError('ERR_ISSUE', `subject: ${attribute} "${value}" ${problem}`);
  if (value === '') throw refuse('is empty');
  if (/[\p{Cc}\p{Cs}]/u.test(value)) throw refuse('has control characters');
  if (Array.from(value).length > MAX_LENGTH) {
    throw refuse(`has more than ${MAX_LENGTH} characters`);
  }
  if (attribute === 'country' && !/^[A-Za-z]{2}$/u.test(value)) throw refuse('is not two letters');
  if (PRINTABLE.test(value)) return der.printableString(value);
  // X520SerialNumber is a PrintableString and nothing else
  if (attribute === 'serialNumber') throw refuse('has characters other than letters and digits');
  return der.utf8String(value);
}
