import { existsSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import type { IConstruct } from 'constructs';
import { withoutSecrets } from '../catalog/names/concealed.ts';
import { selected, type Selection } from '../model/selection.ts';
import type { DeclarationFailure, DeclarationRecord } from '../model/desired.ts';
import { brokenClusters } from './fleet/broken.ts';
import { collect } from './fleet/collect.ts';
import { line } from './describe/lines.ts';
import { records } from './describe/records.ts';
import { markAs, type AppMark } from './tree/mark.ts';
import { mistakeOf } from './tree/mistake.ts';
import { survey } from './validate/survey.ts';

/**
 * Entry of the declaration's own process: `node main.js FILE [SELECTION]`. It loads the user's code, and with it whatever that
 * imports, checks
 * the App and hands it over as JSON lines on descriptor 3. What the user's code prints goes to the standard streams.
 */
const RECORDS = 3;

/** Blocks while the reader is busy, so that no more than one record waits in memory. */
function write(bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += writeSync(RECORDS, bytes, offset);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') process.exit(1); // nobody listens any more, so there is nobody to tell
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

let handedOver = false;

function finish(record: DeclarationRecord, status: number): never {
  write(line(record));
  handedOver = true;
  process.exit(status);
}

const fail = (reason: DeclarationFailure): never => finish({ type: 'failed', reason }, 1);

/** JavaScript is loaded by Node itself; TypeScript by jiti, without its cache of executable files in a shared folder. */
async function load(file: string): Promise<unknown> {
  const url = pathToFileURL(file).href;
  // eslint-disable-next-line layers/imports -- the user's file
  if (/\.[cm]?js$/u.test(file)) return import(url);
  const { createJiti } = await import('jiti'); // a compiler
  return createJiti(url, { fsCache: false, interopDefault: true }).import(file);
}

/** `export default`, `module.exports =`, and what the one becomes when it is loaded as the other. */
function findApp(module: unknown): IConstruct | undefined {
  let candidate = module;
  for (let depth = 0; depth < 3 && candidate !== null && candidate !== undefined; depth += 1) {
    // The root, because jiti may give a proxy of the App, which is not the App that its constructs know.
    if (markAs(candidate, 'App') !== undefined) return (candidate as IConstruct).node.root;
    if (typeof candidate !== 'object') return undefined;
    candidate = (candidate as { default?: unknown }).default;
  }
  return undefined;
}

const hasExport = (module: unknown): boolean =>
  typeof module === 'object' && module !== null && Object.keys(module).length > 0;

function failWith(error: unknown): never {
  const mistake = mistakeOf(error, process.cwd());
  if (mistake !== undefined) return finish({ type: 'invalid', problems: [mistake] }, 1);
  printError(error);
  return fail('threw');
}

/** More of a user's error is not printed. */
const MOST_OF_ERROR = 10_000;

/** The user's own error, with the lines of the stack that are the user's. */
function printError(error: unknown): void {
  const lines = stackOf(error).slice(0, MOST_OF_ERROR).split('\n');
  const own = lines.filter(
    (line) => !/^\s+at .*(?:node:|node_modules|[/\\]declare[/\\])/u.test(line),
  );
  const shown = process.env['CDK8S_PKI_DEBUG'] === '1' ? lines : own;
  process.stderr.write(`${withoutSecrets(shown.join('\n'))}\n`);
}

/** Anything can be thrown, also what cannot be made a text. */
function stackOf(error: unknown): string {
  try {
    const stack: unknown = error instanceof Error ? (error.stack ?? error.message) : undefined;
    return typeof stack === 'string' ? stack : `Error: ${String(error)}`;
  } catch {
    return `Error: something that is no text was thrown (${typeof error})`;
  }
}

function handOver(app: IConstruct, mark: AppMark, selection: Selection): never {
  const fleet = collect(app, mark);
  const names = fleet.folders.map(({ name }) => name);
  const isSelected = selected(selection, names);
  write(line({ type: 'size', clusters: names.filter((name) => isSelected([name])).length }));
  const { problems, ...found } = survey(fleet, isSelected);
  const broken = brokenClusters(fleet, problems);
  if (broken === undefined) return finish({ type: 'invalid', problems }, 1);
  for (const record of records(fleet, found, broken)) write(record);
  return finish({ type: 'end' }, 0);
}

/** How long work may go on that a declaration started and did not wait for. */
const PATIENCE = 10_000;

/**
 * Until nothing is under way any more: what a declaration started and did not wait for may still declare something, or fail, and
 * half a fleet would pass for the whole.
 */
async function idle(): Promise<void> {
  setTimeout(() => fail('busy'), PATIENCE).unref();
  await new Promise<void>((resolve) => {
    process.once('beforeExit', () => {
      resolve();
    });
  });
}

async function main(path: string | undefined, selection = '{}'): Promise<never> {
  const file = resolve(path ?? '');
  if (path === undefined || !existsSync(file)) return fail('missing');
  const module = await load(file);
  await idle();
  const app = findApp(module);
  const mark = markAs(app, 'App');
  if (app === undefined || mark === undefined)
    return fail(hasExport(module) ? 'no-app' : 'no-export');
  return handOver(app, mark, JSON.parse(selection) as Selection);
}

process.on('exit', () => {
  // By process.exit() in user code, or by Node, with status 13, where a top-level await never settles.
  const reason = process.exitCode === 13 ? 'unsettled' : 'exited';
  if (!handedOver) write(line({ type: 'failed', reason }));
});
process.on('uncaughtException', failWith);
await main(process.argv[2], process.argv[3]).catch(failWith);
