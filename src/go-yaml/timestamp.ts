/** The layouts of go-yaml's `parseTimestamp`, as Go's `time.Parse` reads them. */
const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)| +(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?)?$/u;

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/u;

/** What a plain YAML scalar says as a time, in Go's RFC3339Nano; undefined where go-yaml sees no time. */
export function yamlTimestamp(text: string): string | undefined {
  const match = TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone, hour2, minute2, second2, f2] =
    match;
  return format(
    [year, month, day, hour ?? hour2, minute ?? minute2, second ?? second2],
    fraction ?? f2,
    zone,
  );
}

/** An RFC 3339 time in Go's RFC3339Nano: trailing zeros of the fraction dropped, a zero offset as `Z`. */
export function rfc3339Nano(text: string): string | undefined {
  const match = RFC3339.exec(text);
  return match === null ? undefined : format(match.slice(1, 7), match[7], match[8]);
}

/** As Go formats `time.RFC3339`: to the second. This form of `lastmodified` authenticates the MAC. */
export function rfc3339(text: string): string | undefined {
  return rfc3339Nano(text)?.replace(/\.\d+/u, '');
}

function format(
  parts: readonly (string | undefined)[],
  fraction = '',
  zone = 'Z',
): string | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map((part = '0') =>
    Number(part),
  );
  const valid =
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysOf(year, month) &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 59 &&
    (zone === 'Z' || (Number(zone.slice(1, 3)) <= 23 && Number(zone.slice(4)) <= 59));
  if (!valid) return undefined;
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
  const nanoseconds = fraction.slice(0, 9).replace(/0+$/u, '');
  const time = `${two(hour)}:${two(minute)}:${two(second)}${nanoseconds && `.${nanoseconds}`}`;
  return `${date}T${time}${/^[+-]00:00$/u.test(zone) ? 'Z' : zone}`;
}

function daysOf(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  if (month === 2) return leap ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
