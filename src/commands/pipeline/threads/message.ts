import { PkiError, type ErrorCode } from '../../../errors.ts';
import type { Context, Job } from '../context.ts';
import type { MakeSettings } from '../ports.ts';
import type { UnitResult } from '../unit/work.ts';

/** What holds for all units that a thread works on. */
export interface ThreadSetup {
  readonly root: string;
  readonly context: Omit<Context, 'reader' | 'entropy'>;
  /** Undefined where units are planned only. */
  readonly make: MakeSettings | undefined;
}

/** Texts of identities, for the threads of this process alone. */
export interface IdentityTexts {
  readonly list: readonly string[];
  readonly unusable: readonly string[];
}

export type ToThread =
  /** The first message. */
  | { readonly type: 'setup'; readonly setup: ThreadSetup }
  | { readonly type: 'job'; readonly number: number; readonly job: Job }
  | { readonly type: 'identities'; readonly identities: IdentityTexts }
  | { readonly type: 'no-identities'; readonly problem: Problem };

export type FromThread =
  | { readonly type: 'done'; readonly number: number; readonly result: UnitResult }
  | { readonly type: 'failed'; readonly number: number; readonly problem: Problem }
  | { readonly type: 'identities-wanted' };

/** An error as data: structured cloning keeps no class, and no property, of it. */
export type Problem =
  | {
      readonly kind: 'known';
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: readonly string[];
      readonly details: readonly string[];
      readonly stack: string | undefined;
    }
  | { readonly kind: 'bug'; readonly error: unknown };

export function problemOf(error: unknown): Problem {
  if (!(error instanceof PkiError)) return { kind: 'bug', error };
  const { code, message, hints, details, stack } = error;
  return { kind: 'known', code, message, hint: hints, details, stack };
}

export function errorOf(problem: Problem): unknown {
  if (problem.kind === 'bug') return problem.error;
  const { code, message, hint, details, stack } = problem;
  const error = new PkiError(code, message, { hint, details });
  if (stack !== undefined) error.stack = stack;
  return error;
}
