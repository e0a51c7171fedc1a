const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

const two = (value: number): string => String(value).padStart(2, '0');

/** `Jan 02, 2026`. */
export function formatDay(date: Date): string {
  const month = MONTHS[date.getUTCMonth()] ?? '';
  return `${month} ${two(date.getUTCDate())}, ${date.getUTCFullYear()}`;
}

/** As kubeadm prints it, Go's layout `Jan 02, 2006 15:04 MST` in UTC. */
export function formatTime(date: Date): string {
  return `${formatDay(date)} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())} UTC`;
}

/** From below this many seconds on: what is counted, and what besides where it is not zero. */
const FORMS: readonly (readonly [below: number, unit: number, besides: number])[] = [
  [2 * MINUTE, 1, 0],
  [10 * MINUTE, MINUTE, 1],
  [3 * HOUR, MINUTE, 0],
  [8 * HOUR, HOUR, MINUTE],
  [2 * DAY, HOUR, 0],
  [8 * DAY, DAY, HOUR],
  [2 * YEAR, DAY, 0],
  [8 * YEAR, YEAR, DAY],
  [Infinity, YEAR, 0],
];

const NAMES: ReadonlyMap<number, string> = new Map([
  [1, 's'],
  [MINUTE, 'm'],
  [HOUR, 'h'],
  [DAY, 'd'],
  [YEAR, 'y'],
]);

/** As kubeadm prints it: `HumanDuration` of k8s.io/apimachinery/pkg/util/duration, `364d`, `9y`, `<invalid>` for the past. */
export function formatResidual(seconds: number): string {
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  const [, unit, besides] = FORMS.find(([below]) => seconds < below) ?? [0, YEAR, 0];
  const rest = besides === 0 ? 0 : Math.floor((seconds % unit) / besides);
  const count = (value: number, size: number): string => `${value}${NAMES.get(size) ?? ''}`;
  return count(Math.floor(seconds / unit), unit) + (rest === 0 ? '' : count(rest, besides));
}
