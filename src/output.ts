import { styleText } from 'node:util';
import { PkiError, type ErrorCode } from './errors.ts';
import { withoutSecrets } from './catalog/names/concealed.ts';

/** The one printer: results on stdout, everything for people on stderr, colours only on a terminal. */
export interface Output {
  /** A line of the result. */
  line(text?: string): void;
  /** The result as JSON. */
  json(value: unknown): void;
  /** A line for people. */
  note(text: string): void;
  error(error: unknown): void;
  /** The same as the result, for programs; nothing where there was a result as JSON already. */
  errorJson(error: unknown): void;
  /** A line on stderr that is written over; nothing where stderr is not a terminal, and in CI. */
  progress(text: string): void;
  /** Emphasis for cells and words of the result. */
  paint(style: Style, text: string): string;
}

export type Style = 'good' | 'warning' | 'bad' | 'strong';

const STYLES = { good: 'green', warning: 'yellow', bad: 'red', strong: 'bold' } as const;

interface Stream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const PREFIX = 'cdk8s-pki:';

export function createOutput(
  stdout: Stream,
  stderr: Stream,
  environment: Readonly<Record<string, string | undefined>>,
): Output {
  const colours = (stream: Stream): boolean =>
    stream.isTTY === true && environment.NO_COLOR === undefined && environment.TERM !== 'dumb';
  const paintFor =
    (stream: Stream) =>
    (style: Style, text: string): string =>
      colours(stream) ? styleText(STYLES[style], text, { validateStream: false }) : text;
  const paintError = paintFor(stderr);
  const isLive = stderr.isTTY === true && environment.CI === undefined;
  let hasProgress = false;
  const clear = (): void => {
    if (hasProgress) stderr.write('\r\u001B[K');
    hasProgress = false;
  };
  const note = (text: string): void => {
    clear();
    stderr.write(`${text}\n`);
  };
  let hasJson = false;
  const json = (value: unknown): void => {
    clear();
    hasJson = true;
    stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  };
  return {
    line: (text = '') => {
      clear();
      stdout.write(`${text}\n`);
    },
    json,
    note,
    error: (error) => {
      const { code, message, details, hints } = describe(error);
      const suffix = code === null ? '' : ` [${code}]`;
      note(`${PREFIX} ${paintError('bad', 'error:')} ${printable(message)}${suffix}`);
      for (const detail of details) note(`${PREFIX}   ${printable(detail)}`);
      for (const hint of hints)
        note(`${PREFIX} ${paintError('strong', 'hint:')} ${printable(hint)}`);
      if (environment.CDK8S_PKI_DEBUG === '1' && error instanceof Error)
        note(withoutSecrets(stackOf(error)));
    },
    errorJson: (error) => {
      if (!hasJson) json(errorDocument(error)); // one document is all that a reader expects
    },
    progress: (text) => {
      if (!isLive) return;
      stderr.write(`\r\u001B[K${text}`);
      hasProgress = true;
    },
    paint: paintFor(stdout),
  };
}

/** What went wrong, for programs. */
export function errorDocument(error: unknown): {
  readonly error: Readonly<Record<'code' | 'message' | 'details' | 'hint', unknown>>;
} {
  const { code, message, details, hints } = describe(error);
  return {
    error: {
      code,
      message: printable(message),
      details: details.map(printable),
      hint: hints.length === 0 ? null : hints.map(printable).join('\n'),
    },
  };
}

/** Control characters out of file names and the like must not steer a terminal, and no secret must be shown in one. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- exactly these are meant
  return withoutSecrets(text).replaceAll(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/gu, '\uFFFD');
}

function describe(error: unknown): {
  /** Null for a bug. */
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly details: readonly string[];
  readonly hints: readonly string[];
} {
  if (error instanceof PkiError) return error;
  const name = error instanceof Error ? error.name : typeof error;
  return {
    code: null,
    message: `an unexpected ${name}; this is a bug of cdk8s-pki`,
    details: [],
    hints: ['run again with CDK8S_PKI_DEBUG=1 and report what it prints'],
  };
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
