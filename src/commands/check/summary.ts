import { compare, type Row } from './row.ts';
import { isFinding, statusOf, type Status } from './status.ts';
import { formatDay } from './print/time.ts';

type Counts = Readonly<Record<Status | 'missing', number>>;

const WORDS: readonly (readonly [Status | 'missing', string])[] = [
  ['expired', 'expired'],
  ['not-yet-valid', 'not yet valid'],
  ['due', 'due'],
  ['missing', 'missing'],
];

export interface Summary {
  /** `12 certificates and 3 authorities in 2 clusters`. */
  readonly totals: string;
  /** `1 expired, 2 due`, or `all ok`. */
  readonly state: string;
  /** What will be due first, and when; undefined where nothing will. */
  readonly next: string | undefined;
  readonly hasFindings: boolean;
}

export function summarize(rows: readonly Row[], place: string, now: Date): Summary {
  const counts: Record<Status | 'missing', number> = {
    expired: 0,
    'not-yet-valid': 0,
    due: 0,
    missing: 0,
    ok: 0,
  };
  let next: { readonly row: Row; readonly at: Date } | undefined;
  let authorities = 0;
  let crls = 0;
  for (const row of rows) {
    const status = statusOf(row, now);
    counts[status] += 1;
    if (row.certificate !== null && row.kind === 'authority') authorities += 1;
    if (row.kind === 'crl') crls += 1;
    if (status !== 'ok' || row.renewAt === null) continue;
    if (next === undefined || row.renewAt < next.at) next = { row, at: row.renewAt };
  }
  const leaves = rows.length - counts.missing - authorities - crls;
  const parts = [
    plural(leaves, 'certificate', 'certificates'),
    plural(authorities, 'authority', 'authorities'),
    ...(crls === 0 ? [] : [plural(crls, 'CRL', 'CRLs')]),
  ];
  return {
    totals: `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''} in ${place}`,
    state: stateText(counts),
    next: next && `${rowName(next.row)} on ${formatDay(next.at)}`,
    hasFindings: rows.some((row) => isFinding(statusOf(row, now))),
  };
}

function stateText(counts: Counts): string {
  const parts = WORDS.filter(([status]) => counts[status] > 0).map(
    ([status, word]) => `${counts[status]} ${word}`,
  );
  if (parts.length > 0) return parts.join(', ');
  return counts.ok > 0 ? 'all ok' : 'nothing to check';
}

/** `prod/cp-1/apiserver`, as messages of other commands name it. */
function rowName({ cluster, node, name, kind }: Row): string {
  const path = [cluster, node, name].filter((part) => part !== null).join('/');
  return kind === 'crl' ? `CRL of ${path}` : path;
}

export function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** What is due soonest first, after what is wrong already. */
export function bySoonest(a: Row, b: Row): number {
  const at = ({ renewAt, certificate }: Row): number =>
    (renewAt ?? certificate?.notAfter)?.getTime() ?? Infinity;
  return at(a) - at(b) || compare(rowName(a), rowName(b));
}
