import type { PullRequest } from './forges/forge.ts';
import { filesDigest, type ChangedFile } from './git/objects.ts';
import { setDigest, urgencyOf, type Marks, type Urgency, type Work } from './policy.ts';

const FILES_TRAILER = 'Cdk8s-Pki-Files';
const RECORD_TRAILER = 'Cdk8s-Pki-Work';

/** What a commit of ours ends with: what it changes, so that an edit by hand is seen. Everybody may write one: it proves nothing. */
export function commitMessage(
  title: string,
  work: Work,
  files: readonly Omit<ChangedFile, 'mode'>[],
): string {
  return [
    title,
    '',
    ...(work.record === undefined ? [] : [`${RECORD_TRAILER}: ${work.record}`]),
    `Cdk8s-Pki-Set: ${setDigest(work.set)}`,
    `${FILES_TRAILER}: ${filesDigest(files)}`,
    '',
  ].join('\n');
}

/** What a commit says that it changes; undefined where it is none of ours. */
export function filesOf(message: string): string | undefined {
  return new RegExp(`^${FILES_TRAILER}: ([0-9a-f]{64})$`, 'mu').exec(message)?.[1];
}

/** What a commit says that it is for. */
export function recordOf(message: string): string | undefined {
  return new RegExp(`^${RECORD_TRAILER}: (.+)$`, 'mu').exec(message)?.[1];
}

const MARK = /<!-- cdk8s-pki: (\{[^<>]{0,500}\}) -->/u;
const URGENCIES: readonly Urgency[] = ['routine', 'soon', 'urgent', 'expired'];

/** In octets: the least that GitHub, Gitea and GitLab take, with room for the mark and the line that says what is missing. */
export const LONGEST_TEXT = 63_600;

/** The text of a pull request, and in a comment what the next run looks for. */
export function bodyOf(text: string, work: Work, now: Date): string {
  const mark = { version: 1, set: setDigest(work.set), urgency: urgencyOf(work, now) };
  return `${fitting(text.replaceAll('<!-- cdk8s-pki:', '<!-- '))}\n\n<!-- cdk8s-pki: ${JSON.stringify(mark)} -->\n`;
}

function fitting(text: string): string {
  if (Buffer.byteLength(text) <= LONGEST_TEXT) return text.trimEnd();
  const lines = text.split('\n');
  let size = 0;
  const kept = lines.findIndex((line) => (size += Buffer.byteLength(line) + 1) > LONGEST_TEXT);
  return `${lines.slice(0, kept).join('\n')}\n\n… and ${lines.length - kept} more lines: see the files.`;
}

export function readMarks(body: string): Marks {
  const nothing: Marks = { set: null, urgency: null };
  let mark: unknown;
  try {
    mark = JSON.parse(MARK.exec(body)?.[1] ?? 'null');
  } catch {
    return nothing;
  }
  if (typeof mark !== 'object' || mark === null) return nothing;
  const { set, urgency } = mark as { readonly set?: unknown; readonly urgency?: unknown };
  return {
    set: typeof set === 'string' && /^[0-9a-f]{64}$/u.test(set) ? set : null,
    urgency: URGENCIES.find((known) => known === urgency) ?? null,
  };
}

/** Of a pull request that is closed by this program and not by people. */
export const withoutMarks = (body: string): string => `${body.replace(MARK, '').trimEnd()}\n`;

const PREFIXES: Readonly<Record<Urgency, string>> = {
  routine: '',
  soon: '[due soon] ',
  urgent: '[urgent] ',
  expired: '[expired] ',
};

/** A title, which may have a prefix of an earlier day. */
export function titleOf(title: string, work: Work, now: Date): string {
  const old = Object.values(PREFIXES).find((prefix) => prefix !== '' && title.startsWith(prefix));
  return `${PREFIXES[urgencyOf(work, now)]}${title.slice(old?.length ?? 0)}`;
}

const LABEL = 'cdk8s-pki';
const labelOf = (urgency: Urgency): string => `${LABEL}/${urgency}`;

/** Says that a person's commit has stopped the pull request, and that this was told: not everybody may label, as everybody may comment. */
export const STOPPED = `${LABEL}/stopped`;

/** Which labels a pull request lacks, and which of ours it has in excess. */
export function labelChanges(
  has: readonly string[],
  work: Work,
  now: Date,
  isStopped = false,
): { readonly add: readonly string[]; readonly remove: readonly string[] } {
  const urgency = urgencyOf(work, now);
  const wanted = [
    LABEL,
    ...(urgency === 'routine' ? [] : [labelOf(urgency)]),
    ...(isStopped ? [STOPPED] : []),
  ];
  const ours = [...URGENCIES.map(labelOf), STOPPED];
  return {
    add: wanted.filter((label) => !has.includes(label)),
    remove: has.filter((label) => ours.includes(label) && !wanted.includes(label)),
  };
}

/** What an open pull request says of itself. */
export function marksOf(
  { body, labels }: Pick<PullRequest, 'body' | 'labels'>,
  work: Work,
  now: Date,
): Marks & { readonly isLabelled: boolean } {
  const { add, remove } = labelChanges(labels, work, now);
  return { ...readMarks(body), isLabelled: add.length + remove.length === 0 };
}

/** A comment that is made once: its mark is looked for first. */
export type Remark = 'closed' | 'left';

export function remarkOf(remark: Remark, text: string): string {
  return `${text}\n\n<!-- cdk8s-pki:${remark} -->\n`;
}

export function hasRemark(comments: readonly string[], remark: Remark): boolean {
  return comments.some((comment) => comment.includes(`<!-- cdk8s-pki:${remark} -->`));
}
