import type { Row } from '../row.ts';
import { isFinding, residualSeconds, severity, statusOf } from '../status.ts';
import { cellText } from './table.ts';
import { endingTexts, rowTitle, statusText } from './text.ts';
import { formatDay, formatResidual } from './time.ts';
import { bySoonest, type Summary } from '../summary.ts';

/** GitHub refuses step summaries of more than a megabyte; nobody reads further down either. */
const MOST_ROWS = 500;

const TITLES = [
  'Status',
  'Cluster',
  'Node',
  'Certificate',
  'Expires',
  'Residual time',
  'Due',
  'Certificate authority',
];

/** A page for a step summary: what is wrong first, then what is due soonest. */
export function checkMarkdown(rows: readonly Row[], summary: Summary, now: Date): string {
  const { totals, state, next } = summary;
  const sorted = rows.toSorted(
    (a, b) => severity(statusOf(a, now)) - severity(statusOf(b, now)) || bySoonest(a, b),
  );
  const rest = sorted.length - MOST_ROWS;
  const endings = endingTexts(sorted, now).slice(0, MOST_ROWS);
  return [
    `## PKI: ${state}`,
    '',
    `${escapeMarkdown(totals)} on ${formatDay(now)}.${next === undefined ? '' : ` Next: ${escapeMarkdown(next)}.`}`,
    '',
    ...(endings.length > 0 ? [...endings.map((text) => `- ${escapeMarkdown(text)}`), ''] : []),
    tableLine(TITLES),
    tableLine(TITLES.map(() => '---')),
    ...sorted.slice(0, MOST_ROWS).map((row) => tableLine(cells(row, now))),
    ...(rest > 0 ? ['', `And ${rest} more; \`cdk8s-pki check\` prints all.`] : []),
  ].join('\n');
}

function cells(row: Row, now: Date): string[] {
  const { certificate, renewAt, cluster, node } = row;
  const status = statusText(row, now);
  return [
    isFinding(statusOf(row, now)) ? `**${escapeMarkdown(status)}**` : escapeMarkdown(status),
    escapeMarkdown(cluster ?? ''),
    escapeMarkdown(node ?? ''),
    escapeMarkdown(rowTitle(row)),
    certificate === null ? '' : formatDay(certificate.notAfter),
    certificate === null
      ? ''
      : escapeMarkdown(formatResidual(residualSeconds(certificate.notAfter, now))),
    renewAt === null ? '' : formatDay(renewAt),
    escapeMarkdown(row.authority),
  ];
}

function tableLine(columns: readonly string[]): string {
  return `| ${columns.join(' | ')} |`;
}

/** Text that is only text in GitHub Flavored Markdown (§2.4 backslash escapes), in a table cell as well. */
export function escapeMarkdown(text: string): string {
  return cellText(text).replaceAll(/[!#$&()*+<>@[\\\]_`{|}~]/gu, String.raw`\$&`);
}
