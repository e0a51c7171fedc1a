import { treePath, type TreePath } from '../../model/names.ts';
import { clusterOfFile, layout, SHARED } from '../../model/store/layout.ts';
import type { TreeReader } from '../../model/ports.ts';
import { treeReader } from '../../observe/source/reader.ts';
import { openRevision } from '../../observe/source/revision.ts';
import type { PullRequestText } from '../../propose/forges/forge.ts';
import { LONGEST_TEXT } from '../../propose/marks.ts';
import type { Proposed } from '../../propose/renewal.ts';
import { reviewMarkdown } from '../../review/print/markdown.ts';
import { count, day } from '../../review/print/words.ts';
import { review } from '../../review/review.ts';
import type { Review } from '../../review/report.ts';

/** Shorter ones say nothing but what they left out. */
const SHORTEST_REPORT = 2000;

const CLOSE = '\n\n</details>';

/** The text of a pull request with what `diff` says of its branch below, folded, in the room that is left. */
export function withReport(
  { title, body }: PullRequestText,
  result: Review,
  print: (limit: number) => string,
): PullRequestText {
  const head = `<details><summary>Review report: ${summary(result)}</summary>`;
  const open = `${body}\n\n${head}\n\nDays are counted from ${day(result.now)}, when the branch was made.\n\n`;
  const room = LONGEST_TEXT - Buffer.byteLength(open + CLOSE);
  if (room < SHORTEST_REPORT)
    return {
      title,
      body: `**The review report has no room here**: check the branch out and run \`cdk8s-pki diff\` against its base.\n\n${body}`,
    };
  return { title, body: open + print(room) + CLOSE };
}

function summary({ flags }: Review): string {
  if (flags.length === 0) return 'nothing unusual';
  const critical = flags.filter(({ severity }) => severity === 'critical').length;
  const warnings = flags.length - critical;
  return [
    ...(critical > 0 ? [`<b>${critical} critical</b>`] : []),
    ...(warnings > 0 ? [count(warnings, 'warning')] : []),
  ].join(', ');
}

/**
 * Adds the report to the text of a pull request. The same branch has the same report on any day: its clock is when it was made.
 *
 * @param cwd a checkout of the base that has the files of the branch.
 * @param now of a branch on which nothing was issued.
 */
export async function reported(
  text: PullRequestText,
  cwd: string,
  { tree, prefix, now }: { readonly tree: string; readonly prefix: string; readonly now: Date },
  { base, paths }: Proposed,
): Promise<PullRequestText> {
  const files = paths.map((path) => treePath(path.slice(prefix.length)));
  const clusters = files.flatMap((file) => {
    const cluster = clusterOfFile(tree, file);
    return cluster === null ? [] : [layout.cluster(tree, cluster)];
  });
  const shared = layout.cluster(tree, SHARED);
  const places = new Set([
    ...clusters,
    shared,
    layout.ledger(tree),
    '.sops.yaml',
    '.gitattributes',
  ]);
  const head = treeReader(cwd);
  const revision = await openRevision(cwd, head, [...places], 'HEAD');
  const made = madeAt(head, tree, files) ?? now;
  const result = review(revision.reader, head, { tree, differing: revision.differing, now: made });
  return withReport(text, result, (limit) =>
    reviewMarkdown(result, { revision: base, commit: revision.commit, tree, limit }),
  );
}

/** When the newest document of a branch was issued. */
function madeAt(reader: TreeReader, tree: string, files: readonly TreePath[]): Date | undefined {
  const times = files
    .filter((file) => file.endsWith('.sops.yaml') && isOfStore(tree, file))
    .flatMap((file) => {
      const text = Buffer.from(reader.read(file) ?? '').toString('utf8');
      const [, issuedAt = ''] = /^issuedAt: "?([^\s"]+)"?$/mu.exec(text) ?? [];
      const time = Date.parse(issuedAt);
      return Number.isNaN(time) ? [] : [time];
    });
  return times.length === 0 ? undefined : new Date(Math.max(...times));
}

function isOfStore(tree: string, file: TreePath): boolean {
  const cluster = clusterOfFile(tree, file);
  return cluster !== null && file.startsWith(`${layout.cluster(tree, cluster)}/pki/`);
}
