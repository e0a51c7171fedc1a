import { PkiError } from '../../errors.ts';
import { type Asn1, der } from './der.ts';

interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The years that Time of RFC 5280 §4.1.2.5 can say; from 2050 on as GeneralizedTime. */
const FIRST_YEAR = 1950;
const GENERALIZED_FROM = 2050;
const LAST_YEAR = 9999;

/**
 * The Validity field, in whole seconds.
 * @param issuer - the issuing certificate, null for a self-signed one
 * @throws PkiError ERR_ISSUE where the dates are out of order, or outside the issuer's (the caller clamps)
 */
export function buildValidity(validity: Validity, issuer: Validity | null): Asn1 {
  const notBefore = wholeSeconds('notBefore', validity.notBefore);
  const notAfter = wholeSeconds('notAfter', validity.notAfter);
  if (notAfter <= notBefore) throw refuse('notAfter', notAfter, 'is not after notBefore');
  if (issuer !== null && notBefore < issuer.notBefore) {
    throw refuse('notBefore', notBefore, "is before the issuer's");
  }
  if (issuer !== null && notAfter > issuer.notAfter) {
    throw refuse('notAfter', notAfter, "is after the issuer's");
  }
  return der.sequence(buildTime(notBefore), buildTime(notAfter));
}

/** @throws PkiError ERR_ISSUE for a year that Time cannot say */
export function wholeSeconds(field: string, time: Date): Date {
  const year = time.getUTCFullYear();
  if (!(year >= FIRST_YEAR && year <= LAST_YEAR)) {
    throw new PkiError(
      'ERR_ISSUE',
      `${field} is not a time from ${FIRST_YEAR} to ${LAST_YEAR}, which is all a certificate can say`,
    );
  }
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}

/** Time of RFC 5280 §4.1.2.5 and §5.1.2.4. */
export function buildTime(time: Date): Asn1 {
  const digits = `${time.toISOString().slice(0, 19).replaceAll(/\D/gu, '')}Z`;
  return time.getUTCFullYear() < GENERALIZED_FROM
    ? der.utcTime(digits.slice(2))
    : der.generalizedTime(digits);
}

function refuse(field: string, time: Date, problem: string): PkiError {
  return new PkiError('ERR_ISSUE', `${field} ${time.toISOString()} ${problem}`);
}
