import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/** What a cluster answers, by path; a text is what kubectl says on its error stream. */
export type Answers = Readonly<Record<string, unknown>>;

/** A program in place of kubectl, which knows one context and answers from a file. */
export class FakeKubectl {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    const program = path.join(folder, 'kubectl');
    writeFileSync(
      program,
      `#!${process.execPath}
const { contexts, insecure, answers } = JSON.parse(require('node:fs').readFileSync(${JSON.stringify(path.join(folder, 'answers.json'))}, 'utf8'));
const args = process.argv.slice(2);
if (args.includes('view')) {
  const cluster = { name: 'c', cluster: { server: 'https://x', ...(insecure ? { 'insecure-skip-tls-verify': true } : {}) } };
  console.log(JSON.stringify({ clusters: [cluster], contexts: contexts.map((name) => ({ name, context: { cluster: 'c' } })) }));
} else {
  const of = (flag) => args.find((arg) => arg.startsWith(flag))?.slice(flag.length);
  const server = of('--server=https://');
  const answer = answers[(server === undefined ? '' : server + ' ') + of('--raw=')] ?? 'Error from server (NotFound): none';
  if (typeof answer === 'string') { console.error(answer); process.exit(1); }
  console.log(JSON.stringify(answer));
}
`,
    );
    chmodSync(program, 0o755);
  }

  says(answers: Answers, contexts: readonly string[], insecure = false): void {
    const file = path.join(this.#folder, 'answers.json');
    writeFileSync(file, JSON.stringify({ answers, contexts, insecure }));
  }

  get environment(): Record<string, string> {
    return { PATH: `${this.#folder}:${process.env['PATH'] ?? ''}` };
  }
}
