import type { Row } from './row.ts';

export type Status = 'ok' | 'due' | 'expired' | 'not-yet-valid';

/** The worst first; `missing` is for what `!MISSING!` is printed for, which is no finding by itself. */
const ORDER: readonly (Status | 'missing')[] = ['expired', 'not-yet-valid', 'due', 'missing', 'ok'];

/** A certificate is good at notAfter itself (RFC 5280 §4.1.2.5), and due at renewAt itself. */
export function statusOf({ certificate, renewAt }: Row, now: Date): Status | 'missing' {
  if (certificate === null) return 'missing';
  const time = now.getTime();
  if (time > certificate.notAfter.getTime()) return 'expired';
  if (time < certificate.notBefore.getTime()) return 'not-yet-valid';
  return renewAt !== null && time >= renewAt.getTime() ? 'due' : 'ok';
}

/** Whether somebody must do something: what makes the exit status 3. */
export function isFinding(status: Status | 'missing'): boolean {
  return status !== 'ok' && status !== 'missing';
}

export function severity(status: Status | 'missing'): number {
  return ORDER.indexOf(status);
}

/** Whole seconds until notAfter, rounded down. */
export function residualSeconds(notAfter: Date, now: Date): number {
  return Math.floor((notAfter.getTime() - now.getTime()) / 1000);
}
