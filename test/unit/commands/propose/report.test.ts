import test from 'ava';
import { withReport } from '../../../../src/commands/propose/report.ts';
import { bodyOf, readMarks } from '../../../../src/propose/marks.ts';
import { setDigest } from '../../../../src/propose/policy.ts';
import { flag } from '../../../../src/review/flags.ts';
import { reviewMarkdown } from '../../../../src/review/print/markdown.ts';
import type { Review } from '../../../../src/review/report.ts';
import { treePath } from '../../../../src/model/names.ts';
import { NOW } from '../../../_helpers/desired.ts';

const work = { name: 'prod', clusters: ['prod'], set: ['a'], deadline: null, renewBefore: null };

/** So many files that nobody declared, and a warning. */
function reviewOf(files: number): Review {
  const strange = Array.from({ length: files }, (_, index) => {
    const file = treePath('deploy/prod/manifests', `${index}-@everyone-</details>.yaml`);
    return flag('UnknownFile', `${file} is in no inventory`, { cluster: 'prod', file });
  });
  const totals = { renewed: 0, changed: 0, added: 0, removed: 0, rewritten: 0, damaged: 0 };
  return {
    now: NOW,
    flags: [...strange, flag('WorkflowChanged', 'one', {})],
    totals: { ...totals, keysets: 0, nodes: 0, files },
    deadline: null,
    clusters: [],
  };
}

const bodyWith = (text: string, files: number): string => {
  const result = reviewOf(files);
  const options = { revision: 'main', commit: 'a'.repeat(40), tree: 'deploy' };
  const print = (limit: number): string => reviewMarkdown(result, { ...options, limit });
  return bodyOf(withReport({ title: 'Renew', body: text }, result, print).body, work, NOW);
};

for (const [lines, files] of [
  [1, 3],
  [1, 5000],
  [600, 5000],
  [1100, 5000],
] as const) {
  test(`withReport: ${lines} lines of text and ${files} flags: folded, whole, within the limit, and marked`, (t) => {
    const body = bodyWith('a line of text with ümlauts, of some length\n'.repeat(lines), files);
    t.true(Buffer.byteLength(body) < 64_000, `${Buffer.byteLength(body)}`);
    t.true(lines > 1 || files < 1000 || Buffer.byteLength(body) > 20_000, 'the room is used');
    const critical = `<details><summary>Review report: <b>${files} critical</b>, 1 warning</summary>\n\nDays are counted from 2026-11-22, when the branch was made.\n\n## PKI`;
    t.true(body.includes(critical));
    t.true(body.includes('\n\n</details>\n\n<!-- cdk8s-pki: '));
    const outside = body.replaceAll(/`[^`\n]*`/gu, '');
    t.is(outside.match(/<details>/gu)?.length, outside.match(/<\/details>/gu)?.length);
    t.false(outside.includes('@everyone'));
    t.is(readMarks(body).set, setDigest(work.set));
  });
}

test('withReport: where there is no room, the first line says so', (t) => {
  const body = bodyWith('a line of text\n'.repeat(5000), 3);
  t.true(Buffer.byteLength(body) < 64_000);
  t.regex(body, /^\*\*The review report has no room here\*\*: /u);
  t.false(body.includes('<details>'));
});
