import { layout } from '../../../model/store/layout.ts';
import type { PastLine } from '../../../model/store/ledger.ts';
import { parseLedgerLine } from '../../ledger.ts';
import { git, text } from '../git.ts';

/** A line that a commit adds; `-c` has a column for each parent of a merge. */
const ADDED = /^[ +]*\+[ +]*(- \{.*\})\r?$/u;

const FLAGS = ['--no-color', '--no-ext-diff', '--no-textconv', '--no-renames', '--text', '-U0'];

/**
 * Every line that the ledger had in a commit up to HEAD, the oldest first. `--full-history`: a merge may have taken the side that
 * lost some. One run of git, whose time grows with the number of commits.
 */
export async function observePast(root: string, tree: string): Promise<readonly PastLine[]> {
  const place = `:(literal)${layout.ledger(tree)}`;
  const log = ['log', '--full-history', '-c', '-p', ...FLAGS, '--format=commit %H', 'HEAD', '--'];
  const commits: PastLine[][] = [];
  let commit = '';
  for (const row of text(await git(root, [...log, place])).split('\n')) {
    if (row.startsWith('commit ')) {
      commit = row.slice('commit '.length);
      commits.push([]);
      continue;
    }
    const line = parseLedgerLine(ADDED.exec(row)?.[1] ?? '');
    if (line !== undefined) commits.at(-1)?.push({ commit, line });
  }
  return commits.reverse().flat();
}
