import { waysToExtend } from '../../../model/store/rotation.ts';
import type { Output, Style } from '../../../output.ts';
import type { Row } from '../row.ts';
import { residualSeconds, statusOf } from '../status.ts';
import { tableLines, type Cell } from './table.ts';
import { formatDay, formatResidual, formatTime } from './time.ts';
import type { Summary } from '../summary.ts';

/** kubeadm's titles, with its own two tables in mind: leaves name their authority, authorities do not. */
const LEAF_TITLES = ['CERTIFICATE', 'EXPIRES', 'RESIDUAL TIME', 'CERTIFICATE AUTHORITY'];
const AUTHORITY_TITLES = ['CERTIFICATE AUTHORITY', 'EXPIRES', 'RESIDUAL TIME'];
const LAST_TITLES = ['EXTERNALLY MANAGED', 'STATUS'];

const STYLES: Readonly<Record<ReturnType<typeof statusOf>, Style | undefined>> = {
  expired: 'bad',
  'not-yet-valid': 'bad',
  due: 'warning',
  missing: 'warning',
  ok: undefined,
};

/** The two tables of `kubeadm certs check-expiration`, over all clusters and nodes, and a line that sums them up: line by line. */
export function* checkText(
  rows: readonly Row[],
  summary: Summary,
  now: Date,
  paint: Output['paint'],
): Generator<string> {
  const isFleet = rows.some(({ cluster }) => cluster !== null);
  const place = (row: Row): Cell[] =>
    isFleet ? [{ text: row.cluster ?? '' }, { text: row.node ?? '' }] : [];
  const table = (titles: readonly string[], lines: readonly Row[]): Generator<string> => {
    const head = [...(isFleet ? ['CLUSTER', 'NODE'] : []), ...titles, ...LAST_TITLES];
    const headCells = head.map((text): Cell => ({ text, style: 'strong' }));
    const cellsOf = (row: Row | null): Cell[] =>
      row === null ? headCells : [...place(row), ...cells(row, now)];
    return tableLines([null, ...lines], cellsOf, paint);
  };
  const { totals, state, next, hasFindings } = summary;
  const verdict = paint(hasFindings ? 'bad' : 'good', state);
  yield* table(
    LEAF_TITLES,
    rows.filter((row) => !isOfAuthority(row)),
  );
  yield '';
  yield* table(AUTHORITY_TITLES, rows.filter(isOfAuthority));
  yield '';
  yield `${totals}: ${verdict}${next === undefined ? '' : `; next: ${next}`}`;
  yield* endingTexts(rows, now);
}

function cells(row: Row, now: Date): Cell[] {
  const { certificate } = row;
  const status = statusOf(row, now);
  const style = STYLES[status];
  const painted = (text: string): Cell => (style === undefined ? { text } : { text, style });
  if (certificate === null) return [painted(`!MISSING! ${row.name}`)];
  const name = rowTitle(row);
  return [
    { text: name },
    { text: formatTime(certificate.notAfter) },
    painted(formatResidual(residualSeconds(certificate.notAfter, now))),
    ...(isOfAuthority(row) ? [] : [{ text: row.authority }]),
    { text: row.externallyManaged ? 'yes' : 'no' },
    painted(statusText(row, now)),
  ];
}

/** An authority of the tree that signs and is due: no renewal reaches it. */
function isEnding(row: Row, now: Date): boolean {
  const { kind, cluster, state } = row;
  const isOurs = kind === 'authority' && cluster !== null && state === 'issuing';
  const status = statusOf(row, now);
  return isOurs && (status === 'due' || status === 'expired');
}

/** What helps each of them. */
export function endingTexts(rows: readonly Row[], now: Date): string[] {
  return rows.flatMap((row) => {
    const path = `${row.cluster ?? ''}/${row.name}`;
    return isEnding(row, now) ? [`${path} is not renewed by itself: ${waysToExtend(path)}`] : [];
  });
}

/** What an authority has of its own, its CRL among it. */
function isOfAuthority({ kind }: Row): boolean {
  return kind === 'authority' || kind === 'crl';
}

/** The entry of a keyset that does not sign by its id as well, a CRL by its number. */
export function rowTitle({ name, kind, state, id, certificate }: Row): string {
  if (kind === 'crl') return `${name} CRL ${certificate?.serialNumber ?? ''}`;
  return state === null || state === 'issuing' ? name : `${name}/${id ?? ''}`;
}

/** `due since Oct 12, 2026`; what a keyset entry that does not sign is in. */
export function statusText(row: Row, now: Date): string {
  const { renewAt, certificate, state, waitsSince } = row;
  const status = statusOf(row, now);
  const entry = state === null || state === 'issuing' ? '' : `, ${state}`;
  if (status === 'due' && renewAt !== null) return `due since ${formatDay(renewAt)}${entry}`;
  if (status === 'ok' && waitsSince !== undefined && renewAt !== null && now >= waitsSince)
    return `due, waiting for its renewal window until ${formatDay(renewAt)}${entry}`;
  if (status === 'not-yet-valid' && certificate !== null) {
    return `not valid before ${formatTime(certificate.notBefore)}${entry}`;
  }
  return status + entry;
}
