import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { EXIT, PkiError } from '../errors.ts';
import { errorDocument, type Output } from '../output.ts';
import type { Invocation } from './command.ts';
import { readFolder } from './check/folder.ts';
import { checkJson } from './check/print/json.ts';
import { checkMarkdown } from './check/print/markdown.ts';
import { checkOpenMetrics } from './check/print/openmetrics.ts';
import { problemsError } from './check/problem.ts';
import { sortRows, type Checked, type Problem, type Row } from './check/row.ts';
import { plural, summarize } from './check/summary.ts';
import { checkText } from './check/print/text.ts';
import { readCluster } from './check/tree.ts';
import { selectClusters, selectionOf } from './input/select.ts';
import { openTree } from './input/tree.ts';

/** How many clusters are read in one go. */
const STEP = 50;

/**
 * `cdk8s-pki check`: observe and print. Needs neither the declaration nor an identity, and writes nothing.
 *
 * @returns 3 where something is expired, not yet valid, or due.
 * @throws PkiError `ERR_STORE` after everything else is printed, where documents could not be read.
 */
export async function run(invocation: Invocation): Promise<number> {
  const { cwd, output, options } = invocation;
  const now = options.now ?? new Date();
  const { rows, problems, place } =
    options.dir === undefined ? await checkTree(invocation) : checkFolder(cwd, options);
  const sorted = sortRows(rows);
  const summary = summarize(sorted, place, now);
  const error = problems.length > 0 ? problemsError(problems) : undefined;
  if (options.output === 'json')
    output.json({ ...checkJson(sorted, now), ...(error && errorDocument(error)) });
  else if (options.output === 'markdown') output.line(checkMarkdown(sorted, summary, now));
  else if (options.output === 'openmetrics') output.line(checkOpenMetrics(sorted, now));
  else {
    const paint: Output['paint'] = (style, text) => output.paint(style, text);
    printLines(checkText(sorted, summary, now, paint), output);
  }
  if (error !== undefined) throw error;
  return summary.hasFindings ? EXIT.findings : EXIT.ok;
}

/** A call of the system for each line would take longer than the lines. */
const LINES_AT_ONCE = 500;

function printLines(lines: Iterable<string>, output: Output): void {
  let waiting: string[] = [];
  const flush = (): void => {
    if (waiting.length > 0) output.line(waiting.join('\n'));
    waiting = [];
  };
  for (const line of lines) {
    waiting.push(line);
    if (waiting.length === LINES_AT_ONCE) flush();
  }
  flush();
}

async function checkTree(invocation: Invocation): Promise<Checked> {
  const { output } = invocation;
  const { reader, tree, clusters } = openTree(invocation);
  const isSelected = selectClusters(selectionOf(invocation), clusters);
  const selected = clusters.filter((cluster) => isSelected([cluster]));
  const rows: Row[] = [];
  const problems: Problem[] = [];
  for (const [index, cluster] of selected.entries()) {
    if (index > 0 && index % STEP === 0) {
      output.progress(`reading ${index} of ${selected.length}`);
      await setImmediate(); // Node lets go of what keys hold outside of the heap between tasks only
    }
    const read = readCluster(reader, tree, cluster);
    rows.push(...read.rows);
    problems.push(...read.problems);
  }
  return { rows, problems, place: plural(selected.length, 'cluster', 'clusters') };
}

function checkFolder(cwd: string, options: Invocation['options']): Checked {
  const { dir = '', cluster, shard, tree } = options;
  if (cluster !== undefined || shard !== undefined || tree !== undefined) {
    const option =
      cluster === undefined ? (shard === undefined ? '--tree' : '--shard') : '--cluster';
    throw new PkiError('ERR_USAGE', `${option} says nothing where --dir is given`, {
      hint: `leave out ${option}, or leave out --dir to read the tree`,
    });
  }
  const { rows, problems } = readFolder(path.resolve(cwd, dir));
  if (problems.length === 0 && rows.every(({ certificate }) => certificate === null)) {
    throw new PkiError('ERR_READ', `there is no certificate of Kubernetes in "${dir}"`, {
      hint: 'name the folder that has "pki" and "admin.conf" in it: cdk8s-pki check --dir /etc/kubernetes',
    });
  }
  return { rows, problems, place: dir };
}
