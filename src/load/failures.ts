import { PkiError } from '../errors.ts';
import { withoutSecrets } from '../catalog/names/concealed.ts';
import type { DeclarationFailure, DeclarationProblem } from '../model/desired.ts';

const REASONS: Readonly<Record<DeclarationFailure, readonly [message: string, hint: string]>> = {
  missing: [
    'does not exist',
    'name the file with --app, or run this in the folder of the declaration',
  ],
  threw: ['threw an error', 'its error is printed above'],
  exited: ['ended before it was read', 'do not call process.exit() in a declaration'],
  unsettled: ['never finishes', 'a top-level await waits for something that cannot come'],
  busy: [
    'still has work under way after 10 seconds',
    'await what it starts, and end its timers, servers and connections',
  ],
  'no-export': ['exports nothing', 'end it with "export default app;"'],
  'no-app': ['does not export an App of cdk8s-pki as default', 'end it with "export default app;"'],
};

export function failure(file: string, reason: DeclarationFailure): PkiError {
  const [message, hint] = REASONS[reason];
  return new PkiError('ERR_DECLARATION', `declaration "${file}" ${message}`, { hint });
}

export function invalid(problems: readonly DeclarationProblem[]): PkiError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new PkiError('ERR_DECLARATION_INVALID', `the declaration has ${count}`, {
    details: problems.map(
      ({ constructPath, message }) => `[${constructPath || 'App'}] ${printable(message)}`,
    ),
    hint: 'correct these constructs in the declaration and run the command again',
  });
}

/** The declaration's process did not keep to its part. `what` holds nothing of the declaration's own. */
export function malformed(file: string, what: string): PkiError {
  return new PkiError(
    'ERR_DECLARATION',
    `declaration "${file}" handed over something unexpected: ${printable(what)}`,
    {
      hint: 'code of the declaration may write to descriptor 3, which is not its own',
    },
  );
}

/** The process ended without a last word. */
export function stopped(
  file: string,
  {
    signal,
    exitCode,
  }: { readonly signal?: string | undefined; readonly exitCode?: number | undefined },
): PkiError {
  const how = signal === undefined ? `exit status ${exitCode ?? 'unknown'}` : signal;
  return new PkiError('ERR_DECLARATION', `the process of declaration "${file}" ended with ${how}`, {
    hint:
      signal === undefined
        ? 'what it printed is above; run "npm ci" if a package is missing'
        : 'it was interrupted, or ran out of memory',
  });
}

/** Text of a construct may hold anything, terminal sequences and secrets included. */
function printable(text: string): string {
  return withoutSecrets(text)
    .replaceAll(/\p{Cc}/gu, '\u{fffd}')
    .slice(0, 2000);
}
