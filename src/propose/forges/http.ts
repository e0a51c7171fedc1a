import { setTimeout as sleep } from 'node:timers/promises';
import { PkiError } from '../../errors.ts';

export interface Patience {
  /** Milliseconds that one request may take. */
  readonly timeout: number;
  /** Waits before the second, third, … try. */
  readonly pauses: readonly number[];
  /** The longest wait that a forge may ask for, in milliseconds. */
  readonly longest: number;
}

export const PATIENCE: Patience = {
  timeout: 30_000,
  pauses: [1000, 4000, 15_000, 30_000],
  longest: 120_000,
};

/** Statuses that say: not now. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * `fetch` for an API: with a limit of time, and again where the forge is out of reach, overloaded or has had enough of us.
 * Everything that is asked for may be asked for twice, but for comments: callers of those look first.
 *
 * @throws PkiError `ERR_FORGE` where it stays so.
 */
export function patientFetch(patience: Patience, host: string): typeof fetch {
  return async (input, init) => {
    for (let attempt = 0; ; attempt += 1) {
      const pause = patience.pauses[attempt];
      let failure: string;
      try {
        const signal = AbortSignal.timeout(patience.timeout);
        // the token is for this host and this repository
        const response = await fetch(input, { ...init, redirect: 'manual', signal });
        if (response.status >= 300 && response.status < 400) throw moved(host);
        const wait = response.ok ? undefined : waitOf(response);
        // the body under the same limit of time: a forge may hang in the middle of it
        const body = await response.arrayBuffer();
        if (wait === undefined) return copyOf(response, body);
        if (pause !== undefined && wait <= patience.longest) {
          await sleep(Math.max(pause, wait));
          continue;
        }
        if (wait > patience.longest || response.status === 403 || response.status === 429) {
          throw new PkiError(
            'ERR_FORGE',
            `${host} has answered enough requests for now (status ${response.status})`,
            {
              hint: 'its rate limit ends by itself: run the command again later; nothing is half-made',
            },
          );
        }
        failure = `answers with status ${response.status}`;
      } catch (error) {
        if (error instanceof PkiError) throw error;
        if (pause !== undefined) {
          await sleep(pause);
          continue;
        }
        const isLate = error instanceof Error && error.name === 'TimeoutError';
        failure = isLate ? 'does not answer in time' : 'cannot be reached';
      }
      throw new PkiError('ERR_FORGE', `${host} ${failure}, after ${attempt + 1} tries`, {
        hint: 'nothing is half-made: run the command again when the forge is well',
      });
    }
  };
}

function moved(host: string): PkiError {
  return new PkiError('ERR_FORGE', `${host} sends us elsewhere, where the token does not go`, {
    hint: "where the repository was renamed: git remote set-url origin URL; else check the variable of the forge's API root",
  });
}

/** How long the forge wants to be left alone, in milliseconds; undefined for an answer that another try does not change. */
function waitOf({ status, headers }: Response): number | undefined {
  const after = seconds(headers.get('retry-after'));
  // GitHub: 403 with one of these headers is a rate limit, any other 403 is final
  const isSpent = headers.get('x-ratelimit-remaining') === '0';
  if (!PASSING.has(status) && !(status === 403 && (after !== undefined || isSpent)))
    return undefined;
  if (after !== undefined) return after * 1000;
  const reset = isSpent ? seconds(headers.get('x-ratelimit-reset')) : undefined;
  return reset === undefined ? 0 : Math.max(0, reset * 1000 - Date.now());
}

function seconds(text: string | null): number | undefined {
  return text !== null && /^\d{1,12}$/u.test(text) ? Number(text) : undefined;
}

function copyOf({ status, statusText, headers, url }: Response, body: ArrayBuffer): Response {
  const isEmpty = status === 204 || status === 205 || status === 304;
  const copy = new Response(isEmpty ? null : body, { status, statusText, headers });
  Object.defineProperty(copy, 'url', { value: url }); // Octokit tells it
  return copy;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** An answer that is not what was asked for: its status says why. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: number;

  constructor(status: number) {
    super(`status ${status}`);
    this.status = status;
  }
}

/** Requests to a documented REST API, JSON both ways. */
export class Api {
  readonly #root: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: typeof fetch;

  constructor(root: string, headers: Readonly<Record<string, string>>, patience: Patience) {
    this.#root = root;
    this.#headers = headers;
    this.#fetch = patientFetch(patience, new URL(root).host);
  }

  /** @throws StatusError; PkiError `ERR_FORGE` where the forge is not well. */
  async request(method: Method, path: string, body?: unknown): Promise<unknown> {
    const response = await this.#fetch(`${this.#root}${path}`, {
      method,
      headers: {
        accept: 'application/json',
        'user-agent': 'cdk8s-pki',
        ...this.#headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new StatusError(response.status);
    if (response.status === 204) return undefined;
    return parse(await response.text());
  }

  /** Every page of a list, one after the other. */
  async list(path: string, size: string): Promise<unknown[]> {
    const items: unknown[] = [];
    const separator = path.includes('?') ? '&' : '?';
    for (let page = 1; ; page += 1) {
      const found = await this.request('GET', `${path}${separator}${size}=${PAGE}&page=${page}`);
      if (!Array.isArray(found)) throw new StatusError(200);
      items.push(...(found as unknown[]));
      // a forge may have smaller pages than was asked for
      if (found.length === 0) return items;
    }
  }
}

const PAGE = 50;

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch {
    throw new StatusError(200); // a proxy's page
  }
}
