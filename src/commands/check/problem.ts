import { PkiError } from '../../errors.ts';
import type { Problem } from './row.ts';

const MOST_LINES = 40;
const MOST_HINTS = 4;

/**
 * What went wrong with a document, told so that the others are still read.
 *
 * @param hints where the error has none of its own.
 */
export function problemOf(file: string, error: unknown, hints: readonly string[] = []): Problem {
  if (!(error instanceof PkiError)) {
    // not foreseen, but no reason to hide the other documents
    return { message: `"${file}": cannot be read (${nameOf(error)})`, hints };
  }
  const message = error.message.includes('"' + file)
    ? error.message
    : `"${file}": ${error.message}`;
  return { message, hints: error.hints.length > 0 ? error.hints.slice(0, 2) : hints };
}

/** All problems as one error, to be thrown when the rest has been printed. */
export function problemsError(problems: readonly Problem[]): PkiError {
  const count = problems.length;
  const rest = count - MOST_LINES;
  const hints = problems.flatMap((problem) => problem.hints);
  return new PkiError(
    'ERR_STORE',
    count === 1 ? 'a document cannot be read' : `${count} documents cannot be read`,
    {
      details: [
        ...problems.slice(0, MOST_LINES).map(({ message }) => message),
        ...(rest > 0 ? [`and ${rest} more`] : []),
      ],
      hint: [...new Set(hints)].slice(0, MOST_HINTS),
    },
  );
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
