import type { CredentialPath } from '../../model/names.ts';
import { FLAGS } from '../flags.ts';
import type { CertificateChange, ClusterReview, Deadline, Flag, Review } from '../report.ts';
import { verification } from '../verification.ts';
import { Budget } from './budget.ts';
import { code, html, prose } from './escape.ts';
import { restartLineOf } from './restarts.ts';
import {
  CERTIFICATE_TITLES,
  certificateCells,
  count,
  day,
  distance,
  keysetCells,
  names,
  rewrittenCells,
  totalsText,
} from './words.ts';

export interface MarkdownOptions {
  /** As it was given, for the title. */
  readonly revision: string;
  readonly commit: string;
  readonly tree: string;
  /** The most octets. Default: what forges take for a comment or the body of a pull request, 64 KiB. */
  readonly limit?: number;
}

const LIMIT = 65_535;

/** Kept for the last line, which says what was left out. */
const RESERVE = 600;

/** Parts of the room that is left when their turn comes: certificates get what remains. */
const PARTS = { flags: 0.4, restarts: 0.2, clusters: 0.2, copies: 0.2 } as const;

const RESTARTS =
  '### What restarts, in this order\n\nOne node of a cluster after the other, where its line does not say all at once: go on when it is Ready, and etcd has all its members.';

/**
 * The report as GitHub Flavored Markdown that reads as plain text too. What matters most has its room first; what does not fit is
 * counted.
 */
export function reviewMarkdown(review: Review, options: MarkdownOptions): string {
  const { flags, now } = review;
  // a folder in the place of which a link stands has the same files
  if (review.totals.files === 0 && flags.length === 0) {
    return `## PKI: nothing differs\n\n${sameText(options)}`;
  }
  const budget = new Budget((options.limit ?? LIMIT) - RESERVE);
  const out: string[] = [];
  const left: string[] = [];
  const section = (title: string, lines: readonly string[], part: number, noun: string): void => {
    if (lines.length === 0) return;
    const kept = budget.take(`\n${title}\n`) ? budget.fit(lines, part) : [];
    if (kept.length > 0) out.push('', title, '', ...kept);
    if (kept.length < lines.length) left.push(count(lines.length - kept.length, noun));
  };
  for (const line of summary(review, options)) if (budget.take(line)) out.push(line);
  section('### Flags', flagLines(flags), PARTS.flags, 'flag line');
  if (review.deadline !== null) {
    for (const line of deadlineLines(review.deadline, now)) if (budget.take(line)) out.push(line);
  }
  const restarting = byImportance(review).filter(({ restarts }) => restarts.length > 0);
  section(RESTARTS, restarting.map(restartLineOf(review)), PARTS.restarts, 'restart line');
  const table = byImportance(review).map((cluster) => row(clusterCells(cluster, review)));
  section('### Clusters', [tableHead(CLUSTER_TITLES), ...table], PARTS.clusters, 'cluster row');
  section(
    '### Copies that no merge reaches',
    copyLines(byImportance(review)),
    PARTS.copies,
    'copy line',
  );
  const commands = [
    '<details><summary>See for yourself</summary>',
    '',
    '```sh',
    ...verification(review, options.tree, options.commit),
    '```',
    '',
    '</details>',
  ];
  const hasCommands = budget.take(`\n${commands.join('\n')}`);
  if (!hasCommands) left.push('commands to see for yourself');
  out.push(...details(byImportance(review), now, budget, left));
  if (hasCommands) out.push('', ...commands);
  if (left.length > 0) {
    out.push(
      '',
      `Left out for its size: ${left.join('; ')}. \`cdk8s-pki diff --output json\` has all.`,
    );
  }
  return out.join('\n');
}

/** A declaration is not compared: what it changes is in the files that are made of it. */
function sameText({ tree, revision, commit }: MarkdownOptions): string {
  return (
    `Nothing in ${code(`${tree}/`)}, and nothing that guards it, differs from ${code(revision)} (${code(commit.slice(0, 12))}). ` +
    'What a declaration changes shows here once `synth` has written it; `plan` says so before.'
  );
}

function summary({ flags, totals, clusters }: Review, options: MarkdownOptions): string[] {
  const critical = flags.filter(({ severity }) => severity === 'critical').length;
  const rest = flags.length - critical;
  const state =
    flags.length === 0
      ? 'nothing unusual'
      : [
          ...(critical > 0 ? [`${critical} critical`] : []),
          ...(rest > 0 ? [count(rest, 'warning')] : []),
        ].join(', ');
  return [
    `## PKI changes: ${state}`,
    '',
    `Against ${code(options.revision)} (${code(options.commit.slice(0, 12))}): ` +
      `${[count(clusters.length, 'cluster'), totalsText(totals), `files: ${totals.files}`].filter(Boolean).join('; ')}.`,
  ];
}

function deadlineLines({ notAfter, credentials, stops }: Deadline, now: Date): string[] {
  return [
    '',
    '### Deadline',
    '',
    `**Merge and roll out before ${day(notAfter)}** (${distance(notAfter, now)}). On that day these end: ${names(credentials, 2)}. If nobody does:`,
    '',
    ...stops.slice(0, 6).map((stop) => `- ${prose(stop)}`),
    ...(stops.length > 6 ? [`- and ${stops.length - 6} more`] : []),
  ];
}

/** What is the same of several credentials is one line. */
function flagLines(flags: readonly Flag[]): string[] {
  const groups = new Map<string, { readonly flag: Flag; readonly of: CredentialPath[] }>();
  for (const flag of flags) {
    const { credential, message, cluster } = flag;
    const isOwn = credential !== null && message.startsWith(`${credential} `);
    const rest = isOwn ? message.slice(credential.length + 1) : message;
    const key = JSON.stringify([flag.code, cluster, rest, isOwn]);
    const group = groups.get(key) ?? { flag: { ...flag, message: rest }, of: [] };
    if (isOwn) group.of.push(credential);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ flag: { code: name, severity, message }, of }) => {
    const who = of.length === 0 ? '' : `${names(of)} `;
    const each = of.length > 1 ? 'each ' : '';
    return `- **${severity}: ${FLAGS[name][1]}**: ${who}${each}${prose(message)}`;
  });
}

/** Clusters with the worst flags first, then those that expire soonest. */
function byImportance({ clusters, flags }: Review): ClusterReview[] {
  const rank = new Map<string | null, number>();
  for (const [index, { cluster }] of flags.entries()) {
    if (!rank.has(cluster)) rank.set(cluster, index);
  }
  const of = ({ name }: ClusterReview): number => rank.get(name) ?? flags.length;
  const expiry = ({ deadline }: ClusterReview): number => deadline?.notAfter.getTime() ?? Infinity;
  return clusters.toSorted(
    (a, b) => of(a) - of(b) || (expiry(a) === expiry(b) ? 0 : expiry(a) - expiry(b)),
  );
}

/** Copies by where they are: much is the same in every cluster. */
function copyLines(clusters: readonly ClusterReview[]): string[] {
  const groups = new Map<string, { of: CredentialPath[]; until: Date | null }>();
  for (const { credentials, where, until } of clusters.flatMap(({ copies }) => copies)) {
    const group = groups.get(where) ?? { of: [], until };
    group.of.push(...credentials);
    if (until !== null && (group.until === null || until < group.until)) group.until = until;
    groups.set(where, group);
  }
  return [...groups].map(([where, { of, until }]) => {
    const end = until === null ? '' : `. What they hold works until ${day(until)}, merged or not`;
    return `- ${names(of)}: ${prose(where)}${end}.`;
  });
}

const CLUSTER_TITLES = [
  'Cluster',
  'Flags',
  'What changes',
  'Nodes that restart',
  'First of the old expires',
];

function clusterCells(
  { name, change, totals, deadline, files }: ClusterReview,
  { flags, now }: Review,
): string[] {
  const own = flags.filter(({ cluster }) => cluster === name).length;
  const text = totalsText(totals) || count(files.length, 'file');
  return [
    code(name) + (change === 'changed' ? '' : change === 'added' ? ' (new)' : ' (removed)'),
    own === 0 ? '' : String(own),
    text,
    totals.nodes === 0 ? '' : String(totals.nodes),
    deadline === null ? '' : `${day(deadline.notAfter)} (${distance(deadline.notAfter, now)})`,
  ];
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const tableHead = (titles: readonly string[]): string =>
  `${row(titles)}\n${row(titles.map(() => '---'))}`;

/** Its document was written again, for another recipient say, and the certificate is what it was. */
const isSame = ({ change, problems, key }: CertificateChange): boolean =>
  change === 'rewritten' && problems.length === 0 && key === 'kept';

const CHANGES: readonly CertificateChange['change'][] = [
  'damaged',
  'changed',
  'added',
  'removed',
  'renewed',
  'rewritten',
];

/** What each cluster's certificates were and are, folded. */
function details(
  clusters: readonly ClusterReview[],
  now: Date,
  budget: Budget,
  left: string[],
): string[] {
  const out: string[] = [];
  let clustersLeft = 0;
  let certificatesLeft = 0;
  for (const cluster of clusters) {
    const rewritten = cluster.certificates.filter(isSame);
    const certificates = cluster.certificates
      .filter((item) => !isSame(item))
      .toSorted((a, b) => CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change))
      .map((item) => row(certificateCells(item, now)));
    if (rewritten.length > 0) certificates.push(row(rewrittenCells(rewritten)));
    const keysets = cluster.keysets.map((item) => row(keysetCells(item)));
    if (keysets.length + certificates.length === 0) continue;
    const head = [
      '',
      `<details><summary>${html(cluster.name)}: ${totalsText(cluster.totals)}</summary>`,
    ];
    const frame = [...head, '', ...KEYSET_HEAD, '', ...CERTIFICATE_HEAD, '', '</details>'].join(
      '\n',
    );
    if (!budget.take(frame)) {
      clustersLeft += 1;
      certificatesLeft += cluster.certificates.length;
      continue;
    }
    const [trust, rows] = [budget.fit(keysets), budget.fit(certificates)];
    // the last row stands for all that were written again
    const folded = rows.length === certificates.length ? Math.max(0, rewritten.length - 1) : 0;
    certificatesLeft += cluster.certificates.length - rows.length - folded;
    out.push(
      ...head,
      ...(trust.length === 0 ? [] : ['', ...KEYSET_HEAD, ...trust]),
      ...(rows.length === 0 ? [] : ['', ...CERTIFICATE_HEAD, ...rows]),
      ...['', '</details>'],
    );
    if (trust.length < keysets.length) left.push(count(keysets.length - trust.length, 'keyset'));
  }
  if (certificatesLeft > 0) left.push(count(certificatesLeft, 'certificate'));
  if (clustersLeft > 0) left.push(`all details of ${count(clustersLeft, 'cluster')}`);
  return out.length === 0 ? out : ['', '### Certificates and trust bundles', ...out];
}

const KEYSET_HEAD = tableHead(['Trust bundle', 'Change', 'Before', 'After']).split('\n');
const CERTIFICATE_HEAD = tableHead(CERTIFICATE_TITLES).split('\n');
