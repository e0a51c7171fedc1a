import { opening } from '../catalog/renewal-window.ts';
import type { DesiredAuthority } from '../model/desired.ts';
import { credentialParts, type CredentialPath, type Seconds } from '../model/names.ts';
import type { RenewalWindow } from '../model/x509.ts';
import { jitterOf } from './jitter.ts';

const DAY: Seconds = 86_400;

/** How a leaf is renewed, as it is declared or as the inventory says. */
export interface Renewal {
  readonly renewBefore: Seconds;
  readonly renewBeforePercentage?: number | null;
  readonly jitter: Seconds;
  readonly renewalWindows?: readonly RenewalWindow[];
}

/** The life of a certificate: from the recorded issue, since a notBefore that was adopted says nothing about us. */
export interface Life {
  readonly issuedAt: Date;
  readonly notAfter: Date;
}

export function addSeconds(date: Date, seconds: Seconds): Date {
  return new Date(date.getTime() + seconds * 1000);
}

/** How long before notAfter a certificate is issued again; a percentage is of the life that it was issued with. */
export function renewBeforeOf(
  { renewBefore, renewBeforePercentage: percentage }: Renewal,
  { issuedAt, notAfter }: Life,
): Seconds {
  if (percentage === undefined || percentage === null) return renewBefore;
  const life = (notAfter.getTime() - issuedAt.getTime()) / 1000;
  return Math.max(0, Math.floor((life * percentage) / 100));
}

/** The instant from which a leaf is due, whatever its windows: notAfter − renewBefore − jitter (DESIGN §5). */
export function dueAt(path: CredentialPath, policy: Renewal, life: Life): Date {
  const { cluster, node, name } = credentialParts(path);
  const jitter = jitterOf(cluster, node ?? name, policy.jitter);
  return addSeconds(life.notAfter, -renewBeforeOf(policy, life) - jitter);
}

/** The first instant at which `isDue`. */
export function renewAt(path: CredentialPath, policy: Renewal, life: Life): Date {
  return waitsUntil(dueAt(path, policy, life), policy, life);
}

/** Whether a leaf is or was to be issued: what was proposed in a window stays so when it closes. */
export function isProposed(path: CredentialPath, policy: Renewal, life: Life, now: Date): boolean {
  return (
    now.getTime() >= dueAt(path, policy, life).getTime() &&
    now.getTime() >= renewAt(path, policy, life).getTime()
  );
}

/** Whether a leaf is to be issued again now: it is due, and a window is open or worth no more waiting. */
export function isDue(path: CredentialPath, policy: Renewal, life: Life, now: Date): boolean {
  return (
    now.getTime() >= dueAt(path, policy, life).getTime() &&
    now.getTime() >= waitsUntil(now, policy, life).getTime()
  );
}

/** Since when a leaf is due, and when the window opens that it waits for; undefined where it waits for none. */
export function waitsForWindow(
  path: CredentialPath,
  policy: Renewal,
  life: Life,
  now: Date,
): { readonly since: Date; readonly until: Date } | undefined {
  const since = dueAt(path, policy, life);
  if (now.getTime() < since.getTime()) return undefined;
  const until = waitsUntil(now, policy, life);
  return until.getTime() > now.getTime() ? { since, until } : undefined;
}

/**
 * Whether a leaf may go along with another of its node that is renewed now, so that pods restart once: it is due within its own
 * jitter window, and a third of its life is over.
 */
export function mayGoAlong(path: CredentialPath, policy: Renewal, life: Life, now: Date): boolean {
  const third = (life.notAfter.getTime() - life.issuedAt.getTime()) / 3;
  return (
    now.getTime() >= addSeconds(dueAt(path, policy, life), -policy.jitter).getTime() &&
    now.getTime() >= life.issuedAt.getTime() + third
  );
}

/** The next opening of a window; `at` itself where that would leave less than half of renewBefore, and where there is no window. */
function waitsUntil(at: Date, policy: Renewal, life: Life): Date {
  const { renewalWindows: windows = [] } = policy;
  if (windows.length === 0) return at;
  const latest = addSeconds(life.notAfter, -renewBeforeOf(policy, life) / 2);
  const opens = at.getTime() < latest.getTime() ? opening(windows, at) : undefined;
  return opens === undefined || opens.getTime() > latest.getTime() ? at : opens;
}

/** The instant from which an authority is due for rotation, by what the declaration says of all that it signs. */
export function rotationDueAt(
  { renewBefore }: Pick<DesiredAuthority, 'renewBefore'>,
  notAfter: Date,
): Date {
  return addSeconds(notAfter, -renewBefore);
}

/** The same where nothing is declared: notAfter − longest leaf − 3 soaks − 30 days (DESIGN §5). */
export function rotateAt(notAfter: Date, longestLeaf: Seconds, soak: Seconds): Date {
  return addSeconds(notAfter, -longestLeaf - 3 * soak - 30 * DAY);
}
