import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeclarationProblem } from '../../model/desired.ts';

/** As `constructs` says it. */
const TAKEN = /^There is already a Construct with name '(.*)' in (.*)$/u;

const FRAME = /^\s+at (?:.* \()?((?:file:)?[^()]+):(\d+):(\d+)\)?$/u;

const DIST = fileURLToPath(new URL('dist/', import.meta.resolve('cdk8s-pki/package.json')));

/** Of this package: of what runs, or of another copy that the declaration found. */
const isOurs = (file: string): boolean =>
  absolute(file).startsWith(DIST) || /[/\\]node_modules[/\\]cdk8s-pki[/\\]dist[/\\]/u.test(file);

const FOREIGN = /node:|[/\\]node_modules[/\\]/u;

/**
 * Mistakes that somebody else finds first: constructs, where an id is taken, and our own code, where a declaration in JavaScript
 * gives a value of another type than TypeScript would have let it.
 *
 * @param cwd - files are named from here
 * @returns a problem at the line of the declaration; undefined for an error of the user's own.
 */
export function mistakeOf(error: unknown, cwd: string): DeclarationProblem | undefined {
  if (!(error instanceof Error)) return undefined;
  const { message, stack }: { readonly message: unknown; readonly stack?: unknown } = error;
  if (typeof message !== 'string' || typeof stack !== 'string') return undefined;
  const frames = stack.split('\n').flatMap((line) => {
    const [, file = '', row = '', column = ''] = FRAME.exec(line) ?? [];
    return file === '' ? [] : [{ file, row, column }];
  });
  const own = frames.find(({ file }) => !isOurs(file) && !FOREIGN.test(file));
  const constructPath =
    own === undefined ? '' : `${placeOf(own.file, cwd)}:${own.row}:${own.column}`;
  const [, id, scope = ''] = TAKEN.exec(message) ?? [];
  if (id !== undefined) {
    return {
      constructPath,
      message: `id "${id}" is taken in ${scope}; give it another`,
    };
  }
  const first = frames.find(({ file }) => !file.startsWith('node:'));
  return error instanceof TypeError && first !== undefined && isOurs(first.file)
    ? { constructPath, message: `a property has a value of another type than it must (${message})` }
    : undefined;
}

function placeOf(file: string, cwd: string): string {
  return path.relative(cwd, absolute(file)).replaceAll(path.sep, '/');
}

function absolute(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file;
}
