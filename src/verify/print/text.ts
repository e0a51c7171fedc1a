import type { Action } from '../../model/plan.ts';
import type { Finding, Verification } from '../finding.ts';
import { titleOf } from '../finding.ts';

/** A file name may hold a line break, which must not begin a line of its own: a log may be read for commands. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').trim();
}

/** What verify found, for people. */
export function verifyText({ findings, notes, pending }: Verification, summary: string): string[] {
  return [
    ...findings.flatMap(findingLines),
    ...notes.flatMap(findingLines),
    ...pending.map(pendingLine),
    summary,
  ].map(oneLineKeepingIndent);
}

function findingLines({ level, code, message, file, line, hint }: Finding): string[] {
  const place = file === null ? '' : ` (${file}${line === null ? '' : `:${line}`})`;
  return [
    `${level} ${code}: ${titleOf(code)}: ${message}${message.includes(file ?? '\0') && line === null ? '' : place}`,
    ...hint.map((text) => `  hint: ${text}`),
  ];
}

function pendingLine({ action, credential, reason, message, needsIdentity }: Action): string {
  const note = needsIdentity ? ' [needs an identity]' : '';
  return `pending ${action} ${credential}: ${reason}, ${message}${note}`;
}

function oneLineKeepingIndent(text: string): string {
  return text.startsWith('  ') ? `  ${oneLine(text)}` : oneLine(text);
}
