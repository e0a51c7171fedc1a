import { Cron } from 'croner';
import type { RenewalWindow } from '../model/x509.ts';

/** Minute, hour, day of month, month, day of week: croner reads seconds, years, dates and nicknames as well. */
const FIVE_FIELDS = /^[-*,/?#\dA-Za-z]+(?: +[-*,/?#\dA-Za-z]+){4}$/u;

const SHORTEST = 60;

/** Parsing one takes as long as finding when it opens. */
const parsed = new Map<string, Cron>();

const LONGEST_CRON = 200;

/** What is wrong with a window. */
export function windowProblem(window: RenewalWindow): string | undefined {
  const { cron, duration, timeZone } = window;
  if (!isTimeZone(timeZone)) return `timezone ${JSON.stringify(timeZone)} is not an IANA time zone`;
  if (!Number.isSafeInteger(duration) || duration < SHORTEST)
    return 'windowDuration is not a span of a minute or more';
  if (!FIVE_FIELDS.test(cron) || cron.length > LONGEST_CRON)
    return `cron ${JSON.stringify(cron)} is not five fields, such as "0 22 * * 6"`;
  try {
    const isNever = cronOf(window).nextRun(new Date(0)) === null;
    return isNever ? `cron "${cron}" names no day that there is` : undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message.replace(/^\w+: |\.$/gu, '') : '';
    return `cron "${cron}": ${text}`;
  }
}

/** The first instant, not before `from`, at which one of the windows is open; undefined where there is none. */
export function opening(windows: readonly RenewalWindow[], from: Date): Date | undefined {
  const starts = windows.flatMap((window) => {
    const last = new Date(from.getTime() - window.duration * 1000);
    const start = cronOf(window).nextRun(last);
    return start === null ? [] : [Math.max(start.getTime(), from.getTime())];
  });
  return starts.length === 0 ? undefined : new Date(Math.min(...starts));
}

function cronOf({ cron, timeZone }: RenewalWindow): Cron {
  const key = `${timeZone}\0${cron}`;
  const known = parsed.get(key) ?? new Cron(cron, { timezone: timeZone });
  parsed.set(key, known);
  return known;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return /^[A-Za-z]/u.test(name); // an offset knows no summer time
  } catch {
    return false;
  }
}
