import { PkiError } from '../../errors.ts';
import { StatusError } from './http.ts';
import type { Site } from './forge.ts';

/** A field of an answer by its path; undefined where it is not there, or is of another type. */
export function text(value: unknown, ...path: readonly string[]): string {
  const found = field(value, path);
  return typeof found === 'string' ? found : '';
}

export function number(value: unknown, ...path: readonly string[]): number {
  const found = field(value, path);
  return typeof found === 'number' ? found : Number.NaN;
}

export function list(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = field(value, path);
  return Array.isArray(found) ? (found as readonly unknown[]) : [];
}

function field(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[name];
  }
  return found;
}

const HINTS: Readonly<Record<number, string>> = {
  200: 'that is no answer of its API: is the API root right, and is there a proxy before it?',
  401: 'the token is wrong or has expired',
  403: 'the token lacks a right: it must read and write contents and pull requests of this repository',
  404: 'the repository is not there, or the token may not see it; see --forge and the variable of its API root',
};

/** Does a request, and says what was to be done where the forge refuses it. Answers of the forge itself stay unsaid. */
export async function asking<T>(site: Site, what: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    // Octokit wraps what its fetch throws
    if (error instanceof Error && error.cause instanceof PkiError) throw error.cause;
    const status = statusOf(error);
    if (status === undefined) throw error;
    throw new PkiError(
      'ERR_FORGE',
      `${new URL(site.api).host} refuses to ${what} in ${site.repository} (status ${status})`,
      { hint: HINTS[status] ?? 'see the rules of the repository, and the version of the forge' },
    );
  }
}

/** The status of a refusal, of our own requests and of Octokit's. */
export function statusOf(error: unknown): number | undefined {
  if (error instanceof StatusError) return error.status;
  const isRequestError = error instanceof Error && error.name === 'HttpError' && 'status' in error;
  return isRequestError && typeof error.status === 'number' ? error.status : undefined;
}
