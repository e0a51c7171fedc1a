import { createServer } from 'node:http';
import process from 'node:process';
import test, { type ExecutionContext } from 'ava';
import { PkiError } from '../../../src/errors.ts';
import type { Forge, PullRequest, Site } from '../../../src/propose/forges/forge.ts';
import { gitlabForge } from '../../../src/propose/forges/gitlab.ts';
import { succeed } from '../../_helpers/run-program.ts';
import { toolTest } from '../../_helpers/tool-test.ts';
import { toolPath } from '../../_helpers/tools.ts';

const PROJECT = '/api/v4/projects/group%2Fsub%2Ffleet';
const REQUEST = {
  iid: 3,
  web_url: 'https://gitlab.example.com/group/sub/fleet/-/merge_requests/3',
  source_branch: 'cdk8s-pki/renew/prod',
  source_project_id: 7,
  target_project_id: 7,
  state: 'opened',
  title: 'Renew',
  description: 'Why.',
  labels: ['cdk8s-pki'],
  closed_at: null,
};
const PULL: PullRequest = {
  number: 3,
  url: REQUEST.web_url,
  branch: REQUEST.source_branch,
  title: 'Renew',
  body: 'Why.',
  labels: ['cdk8s-pki'],
};

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Answers with what `answers` has for `METHOD path`, and lists with nothing more on their second page. */
async function gitlab(
  t: ExecutionContext,
  answers: Readonly<Record<string, readonly [status: number, answer: unknown]>>,
): Promise<{ readonly forge: Forge; readonly api: string; readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://x');
      const method = request.method ?? '';
      t.is(request.headers['private-token'], 'a');
      if (text !== '') t.is(request.headers['content-type'], 'application/json');
      const body = text === '' ? undefined : (JSON.parse(text) as unknown);
      const path = url.pathname.replace(PROJECT, '');
      asked.push({ method, path, query: Object.fromEntries(url.searchParams), body });
      const [status, answer] = answers[`${method} ${path}`] ?? [404, {}];
      const isFurther = Array.isArray(answer) && url.searchParams.get('page') !== '1';
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(isFurther ? [] : answer));
    });
  });
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const api = `http://127.0.0.1:${port}/api/v4`;
  const site: Site = {
    forge: 'gitlab',
    api,
    url: '',
    repository: 'group/sub/fleet',
    token: 'a',
  };
  return { forge: gitlabForge(site, { timeout: 10_000, pauses: [], longest: 0 }), api, asked };
}

test('GitLab: merge requests are listed by state and target, a page at a time, and those of forks left out', async (t) => {
  const fork = { ...REQUEST, source_project_id: 8 };
  const other = { ...REQUEST, source_branch: 'feature' };
  const { forge, asked } = await gitlab(t, {
    'GET /merge_requests': [200, [fork, other, REQUEST]],
  });
  t.deepEqual(await forge.open('main', 'cdk8s-pki/renew/'), [PULL]);
  const query = { state: 'opened', target_branch: 'main', per_page: '50' };
  t.deepEqual(
    asked.map(({ query: given }) => given),
    [
      { ...query, page: '1' },
      { ...query, page: '2' },
    ],
  );
});

test('GitLab: the last one of a branch counts, if it was closed and not merged', async (t) => {
  const closed = { ...REQUEST, iid: 4, state: 'closed', closed_at: '2026-11-22T08:00:00.000Z' };
  const merged = { ...REQUEST, iid: 5, state: 'merged' };
  const first = await gitlab(t, { 'GET /merge_requests': [200, [REQUEST, closed]] });
  t.deepEqual(
    (await first.forge.lastClosed('main', REQUEST.source_branch))?.closedAt,
    new Date('2026-11-22T08:00:00Z'),
  );
  t.like(first.asked[0]?.query, {
    state: 'all',
    source_branch: REQUEST.source_branch,
    target_branch: 'main',
  });
  const second = await gitlab(t, { 'GET /merge_requests': [200, [merged, closed]] });
  t.is(await second.forge.lastClosed('main', REQUEST.source_branch), undefined);
});

test('GitLab: writes are as its documentation has them', async (t) => {
  const { forge, asked } = await gitlab(t, {
    'GET ': [200, { default_branch: 'main' }],
    'POST /merge_requests': [201, REQUEST],
    'PUT /merge_requests/3': [200, REQUEST],
    'GET /merge_requests/3/notes': [200, [{ body: 'hello' }]],
    'POST /merge_requests/3/notes': [201, {}],
  });
  t.is(await forge.defaultBranch(), 'main');
  t.deepEqual(
    await forge.create('main', REQUEST.source_branch, { title: 'Renew', body: 'Why.' }),
    PULL,
  );
  await forge.update(PULL, { title: 'Now', body: 'Because.' });
  await forge.label(PULL, ['cdk8s-pki', 'cdk8s-pki/soon'], ['cdk8s-pki/urgent']);
  t.deepEqual(await forge.comments(PULL), ['hello']);
  await forge.comment(PULL, 'Left alone.');
  await forge.close(PULL);
  t.deepEqual(
    asked
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path, body }) => [method, path, body]),
    [
      [
        'POST',
        '/merge_requests',
        {
          source_branch: REQUEST.source_branch,
          target_branch: 'main',
          title: 'Renew',
          description: 'Why.',
          remove_source_branch: true,
        },
      ],
      ['PUT', '/merge_requests/3', { title: 'Now', description: 'Because.' }],
      [
        'PUT',
        '/merge_requests/3',
        { add_labels: 'cdk8s-pki,cdk8s-pki/soon', remove_labels: 'cdk8s-pki/urgent' },
      ],
      ['POST', '/merge_requests/3/notes', { body: 'Left alone.' }],
      ['PUT', '/merge_requests/3', { state_event: 'close' }],
    ],
  );
});

test('GitLab: one that another run has opened is found, and a refusal says what to do', async (t) => {
  const { forge } = await gitlab(t, {
    'POST /merge_requests': [409, { message: 'Another open merge request already exists' }],
    'GET /merge_requests': [200, [REQUEST]],
    'PUT /merge_requests/3': [403, { message: 'secret words' }],
  });
  t.deepEqual(
    await forge.create('main', REQUEST.source_branch, { title: 'Renew', body: '' }),
    PULL,
  );
  const error = await t.throwsAsync(forge.close(PULL), { instanceOf: PkiError });
  t.is(error.code, 'ERR_FORGE');
  t.regex(error.message, /refuses to close a merge request in group\/sub\/fleet \(status 403\)$/u);
  t.regex(error.hints[0] ?? '', /^the token lacks a right/u);
});

toolTest(['gitlab-client'])(
  "GitLab: every request is the one that GitLab's own client makes: method, path, parameters and body",
  async (t) => {
    const answers = {
      'GET ': [200, { default_branch: 'main' }],
      'GET /merge_requests': [200, []],
      'POST /merge_requests': [201, REQUEST],
      'PUT /merge_requests/3': [200, REQUEST],
      'GET /merge_requests/3/notes': [200, []],
      'POST /merge_requests/3/notes': [201, {}],
    } as const;
    const { forge, asked } = await gitlab(t, answers);
    const { source_branch: branch } = REQUEST;
    await forge.defaultBranch();
    await forge.open('main', 'cdk8s-pki/renew/');
    await forge.lastClosed('main', branch);
    await forge.create('main', branch, { title: 'Renew', body: 'Why.' });
    await forge.update(PULL, { title: 'Now', body: 'Because.' });
    await forge.label(PULL, ['cdk8s-pki', 'cdk8s-pki/soon'], ['cdk8s-pki/urgent']);
    await forge.comments(PULL);
    await forge.comment(PULL, 'Left alone.');
    await forge.close(PULL);

    const theirs = await gitlab(t, answers);
    const env = { PATH: process.env['PATH'] ?? '', GITLAB_TOKEN: 'a' };
    const run = { cwd: import.meta.dirname, env };
    await succeed(toolPath('gitlab-client'), [theirs.api], run);
    // it looks first for limits of its rate
    const made = theirs.asked.filter(({ path }) => path !== '/api/v4/');
    t.is(made.length, 9);
    t.deepEqual(asked, made);
  },
);
