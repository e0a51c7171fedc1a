import type { Finding, Level, Verification } from '../finding.ts';
import { titleOf } from '../finding.ts';

/** GitHub shows so many annotations of each level of a step. */
const MOST = 10;

const COMMANDS: Readonly<Record<Level, string>> = {
  error: 'error',
  warning: 'warning',
  note: 'notice',
};

/** Workflow commands that GitHub makes annotations of: the worst first, and how many it would not show. */
export function githubLines({ findings, notes }: Verification): string[] {
  const all = [...findings, ...notes];
  const lines: string[] = [];
  const cut: string[] = [];
  for (const level of ['error', 'warning', 'note'] as const) {
    const own = all.filter((item) => item.level === level);
    // the last notice says how many are missing
    const most = level === 'note' ? MOST - 1 : MOST;
    lines.push(...own.slice(0, most).map(annotation));
    if (own.length > most) cut.push(`${own.length - most} ${WORDS[level]}`);
  }
  if (cut.length === 0) return lines;
  const text = `${cut.join(', ')} more are not annotated: GitHub shows ${MOST} of each kind; the log and --output json have all`;
  return [...lines, `::notice title=cdk8s-pki::${escapeData(text)}`];
}

const WORDS: Readonly<Record<Level, string>> = {
  error: 'errors',
  warning: 'warnings',
  note: 'notes',
};

function annotation({ level, code, file, line, message, hint }: Finding): string {
  const properties = [
    ...(file === null ? [] : [`file=${escapeProperty(file)}`]),
    ...(line === null ? [] : [`line=${line}`]),
    `title=${escapeProperty(`${code}: ${titleOf(code)}`)}`,
  ];
  const text = [message, ...hint.map((item) => `hint: ${item}`)].join('\n');
  return `::${COMMANDS[level]} ${properties.join(',')}::${escapeData(text)}`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
