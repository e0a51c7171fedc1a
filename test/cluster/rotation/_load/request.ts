import { statSync } from 'node:fs';
import https from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { text as readText } from 'node:stream/consumers';
import type { Client, Failure, Work } from './client.ts';

/** Of a process that is not there, or has just ended: the only errors for which a client takes another server. */
const RETRIED = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE']);
/** The API server has just started, or ends, or has lost its etcd. */
const NOT_READY = new Set([403, 429, 500, 502, 503, 504]);
const SECONDS = 60;
/** Milliseconds after its start for which a server may refuse whom it is yet to hear of. */
const STARTING = 60_000;

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Besides 2xx: an attempt whose answer was lost may have done its work. */
  readonly also?: readonly number[];
}

export interface Tally {
  answered(client: string, work: Work): void;
  refused(): void;
  notReady(): void;
  failed(failure: Failure): void;
}

let turn = 0;

/** One request, with a connection and a handshake of its own; null where it failed, which is told. */
export async function request(
  client: Client,
  work: Work,
  ask: Ask,
  tally: Tally,
): Promise<Answer | null> {
  const end = Date.now() + SECONDS * 1000;
  for (;;) {
    const server = client.servers[(turn += 1) % client.servers.length] ?? '';
    const attempt = await once(client, server, ask).then(
      ({ status, body }) => judge(client, ask, status, body),
      judgeError,
    );
    if (attempt.kind === 'answered') {
      tally.answered(client.name, work);
      return attempt.answer;
    }
    const isLate = Date.now() > end;
    if (attempt.kind === 'refused' || attempt.kind === 'not ready') {
      if (attempt.kind === 'refused') tally.refused();
      else tally.notReady();
      await delay(150);
      if (!isLate) continue;
    }
    const kind = attempt.kind === 'TLS' || attempt.kind === '401' ? attempt.kind : 'no answer';
    tally.failed({ client: client.name, work, server, kind, message: attempt.message });
    return null;
  }
}

type Attempt =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: Failure['kind'] | 'refused' | 'not ready'; readonly message: string };

function judge(client: Client, { also }: Ask, status: number, body: string): Attempt {
  const isDone = (status >= 200 && status < 300) || also?.includes(status) === true;
  if (isDone) return { kind: 'answered', answer: { status, body } };
  const message = `status ${status} ${body.slice(0, 300)}`;
  if (status === 401) return { kind: mayRefuse(client) ? 'not ready' : '401', message };
  // what the API server meets as a client itself: of etcd, of kubelets, of extension API servers
  if (/x509|tls: /u.test(body)) return { kind: 'TLS', message };
  return { kind: NOT_READY.has(status) ? 'not ready' : 'no answer', message };
}

function mayRefuse({ delegates = false, started }: Client): boolean {
  if (started === undefined) return delegates;
  return delegates || Date.now() - statSync(started).mtimeMs < STARTING;
}

function judgeError(error: unknown): Attempt {
  const { code = '', message: text } = error as NodeJS.ErrnoException;
  const message = `${code} ${text}`;
  if (code === 'ETIMEDOUT') return { kind: 'not ready', message };
  return { kind: RETRIED.has(code) ? 'refused' : 'TLS', message };
}

/** One attempt. */
export function once(
  { ca, certificate, key, token }: Client,
  server: string,
  { method = 'GET', path, body, headers = {} }: Ask,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      method,
      agent: false, // a handshake each
      timeout: 30_000,
      headers: {
        ...headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(ca === null ? { rejectUnauthorized: false } : { ca }),
      ...(certificate === undefined ? {} : { cert: certificate, key }),
    };
    const sent = https.request(`${server}${path}`, options, (response) => {
      readText(response).then((content) => {
        resolve({ status: response.statusCode ?? 0, body: content });
      }, reject);
    });
    sent.on('timeout', () => {
      sent.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' }));
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
