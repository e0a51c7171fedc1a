import { PkiError } from '../errors.ts';
import type { Seconds } from '../model/names.ts';
import { issuerFloor, type CertificateInfo } from '../model/x509.ts';

/** How far notBefore, and thisUpdate of a CRL, lies in the past, for clocks that are behind; as kubeadm does. */
export const BACKDATE: Seconds = 300;

interface Wanted {
  readonly path: string;
  readonly validity: Seconds;
  readonly renewBefore: Seconds;
  readonly jitter: Seconds;
}

/**
 * notBefore and notAfter of a certificate that is issued now, inside its issuer's.
 *
 * @param floor what the issuer must have left.
 * @throws PkiError `ERR_ISSUE` where the issuer ends too soon, or is not valid yet.
 */
export function validityOf(
  wanted: Wanted,
  issuer: CertificateInfo | null,
  now: Date,
  floor: Seconds = issuerFloor(wanted),
): { readonly notBefore: Date; readonly notAfter: Date } {
  const start = Math.floor(now.getTime() / 1000);
  const notBefore = start - BACKDATE;
  const notAfter = start + wanted.validity;
  if (issuer === null) return { notBefore: date(notBefore), notAfter: date(notAfter) };
  const [issuerStart, issuerEnd] = [
    issuer.notBefore.getTime() / 1000,
    issuer.notAfter.getTime() / 1000,
  ];
  if (start < issuerStart) {
    throw new PkiError(
      'ERR_ISSUE',
      `the issuer of "${wanted.path}" is not valid before ${issuer.notBefore.toISOString()}`,
      {
        hint: 'check the clock of this machine, and --now',
      },
    );
  }
  if (issuerEnd - start < floor) {
    throw new PkiError(
      'ERR_ISSUE',
      `the issuer of "${wanted.path}" ends on ${issuer.notAfter.toISOString()}, before the certificate could be renewed`,
      {
        hint: 'rotate the issuer first, or reissue it: its notAfter must lie beyond renewBefore, jitter and a day',
      },
    );
  }
  return {
    notBefore: date(Math.max(notBefore, issuerStart)),
    notAfter: date(Math.min(notAfter, issuerEnd)),
  };
}

function date(seconds: number): Date {
  return new Date(seconds * 1000);
}
