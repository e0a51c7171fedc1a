import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import { PkiError } from '../../../../src/errors.ts';
import { Api, StatusError, type Patience } from '../../../../src/propose/forges/http.ts';

const PATIENCE: Patience = { timeout: 2000, pauses: [1, 1], longest: 5000 };

/** A forge that answers with each of `answers` once, and with the last one ever after. */
async function forge(
  t: ExecutionContext,
  ...answers: ((response: ServerResponse) => void)[]
): Promise<{ api: Api; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push(request);
    answer?.(response);
  });
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    api: new Api(`http://127.0.0.1:${port}`, { authorization: 'token a' }, PATIENCE),
    asked,
  };
}
const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response
      .writeHead(code, headers)
      .end(JSON.stringify({ message: 'no', secret: 'in the answer' }));
  };
const ok = (response: ServerResponse): void => {
  response.end('{"fine":true}');
};
const hang = (): void => undefined;
const halfway = (response: ServerResponse): void => {
  response.writeHead(200).write('{"fine":');
};

for (const [name, ...answers] of [
  ['an error of the server', status(500), status(503), ok],
  ['a rate limit', status(429, { 'retry-after': '0' }), ok],
  ["GitHub's secondary rate limit", status(403, { 'retry-after': '0' }), ok],
  [
    "GitHub's primary rate limit",
    status(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' }),
    ok,
  ],
  ['no answer', hang, ok],
  ['half an answer', halfway, ok],
] as const) {
  test(`patientFetch: asks again after ${name}`, async (t) => {
    const { api, asked } = await forge(t, ...answers);
    t.deepEqual(await api.request('GET', '/x'), { fine: true });
    t.is(asked.length, answers.length);
  });
}

test('patientFetch: a refusal is final, and is asked once', async (t) => {
  for (const code of [401, 403, 404, 409, 422]) {
    const { api, asked } = await forge(t, status(code));
    const error = await t.throwsAsync(api.request('POST', '/x', {}), { instanceOf: StatusError });
    t.is(error.status, code);
    t.is(asked.length, 1);
  }
});

const gives = test.macro({
  title: (_, message: string) => `patientFetch: gives up where a forge ${message}`,
  async exec(t, message: string, answer: (response: ServerResponse) => void, tries: number) {
    const { api, asked } = await forge(t, answer);
    const error = await t.throwsAsync(api.request('GET', '/x'), { instanceOf: PkiError });
    t.is(error.code, 'ERR_FORGE');
    t.regex(
      error.message,
      new RegExp(`^127\\.0\\.0\\.1:\\d+ ${message.replaceAll(/[()]/gu, String.raw`\$&`)}`, 'u'),
    );
    t.is(error.hints.length, 1);
    t.false(JSON.stringify(error).includes('secret'));
    t.is(asked.length, tries);
  },
});
test(gives, 'answers with status 500, after 3 tries', status(500), 3);
test(gives, 'does not answer in time, after 3 tries', hang, 3);
test(
  gives,
  'has answered enough requests for now (status 429)',
  status(429, { 'retry-after': '600' }),
  1,
);
test(
  gives,
  'sends us elsewhere, where the token does not go',
  status(301, { location: 'http://127.0.0.1:9/' }),
  1,
);

test('patientFetch: a forge that is not there is an error with a hint', async (t) => {
  const api = new Api('http://127.0.0.1:9', {}, PATIENCE);
  const error = await t.throwsAsync(api.request('GET', '/x'), { instanceOf: PkiError });
  t.deepEqual(
    [error.code, error.message],
    ['ERR_FORGE', '127.0.0.1:9 cannot be reached, after 3 tries'],
  );
});

test('Api: what is no JSON is a refusal', async (t) => {
  const { api } = await forge(t, (response) => response.end('<html>'));
  await t.throwsAsync(api.request('GET', '/x'), { instanceOf: StatusError });
});
