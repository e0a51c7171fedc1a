import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { schema } from '@octokit/graphql-schema';
import { execaSync } from 'execa';
import { buildSchema, parse, validate, type GraphQLSchema } from 'graphql';
import { OpenApi } from './_openapi.ts';

const TOKEN = 'ghs_only-for-this-test';
const REPOSITORY = {
  id: 7,
  node_id: 'R_7',
  name: 'fleet',
  full_name: 'acme/fleet',
  default_branch: 'main',
};

interface Pull {
  readonly number: number;
  readonly branch: string;
  title: string;
  body: string;
  state: 'open' | 'closed';
  closed_at: string | null;
  readonly labels: Set<string>;
  readonly comments: string[];
}

type Body = Readonly<Record<string, unknown>>;

/**
 * A server that answers as GitHub does, over a real bare repository: what is asked of it is held against GitHub's OpenAPI
 * description and its GraphQL schema.
 */
export class GitHub {
  readonly token = TOKEN;
  readonly pulls: Pull[] = [];
  /** What was not as described. */
  readonly problems: string[] = [];
  /** Operations that were asked for. */
  readonly asked: string[] = [];
  readonly folder: string;
  readonly #openApi: OpenApi;
  readonly #schema: GraphQLSchema;
  url = '';
  /** As it does for an App's token, and not for a person's. */
  signs = true;

  private constructor(folder: string, openApi: OpenApi) {
    this.folder = folder;
    this.#openApi = openApi;
    this.#schema = buildSchema(schema.idl, { assumeValid: true });
  }

  static async start(t: ExecutionContext): Promise<GitHub> {
    const folder = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-github-'));
    const github = new GitHub(folder, new OpenApi('ghes-3.17'));
    execaSync('git', ['init', '-q', '--bare', '-b', 'main', path.join(folder, 'acme/fleet.git')]);
    github.#git('config', 'http.receivepack', 'true');
    github.#git('config', 'uploadpack.allowFilter', 'true');
    const server = createServer((request, response) => {
      void github.#serve(request, response);
    });
    t.teardown(() => {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    github.url = `http://127.0.0.1:${address.port}`;
    return github;
  }

  head(branch: string): string | null {
    return this.#git('for-each-ref', '--format=%(objectname)', `refs/heads/${branch}`) || null;
  }

  #git(...args: readonly string[]): string {
    return this.#gitWith('', ...args);
  }

  #gitWith(input: string, ...args: readonly string[]): string {
    const cwd = path.join(this.folder, 'acme/fleet.git');
    const who = {
      GIT_AUTHOR_NAME: 'app[bot]',
      GIT_AUTHOR_EMAIL: 'app@example.com',
      GIT_COMMITTER_NAME: 'GitHub',
      GIT_COMMITTER_EMAIL: 'noreply@github.com',
    };
    return execaSync('git', args, {
      cwd,
      input,
      env: { ...who, GIT_INDEX_FILE: path.join(this.folder, 'index') },
    }).stdout;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const content = Buffer.concat(chunks);
    const url = new URL(request.url ?? '', this.url);
    if (url.pathname.startsWith('/acme/fleet.git/')) {
      this.#serveGit(request, response, url, content);
      return;
    }
    if (request.headers.authorization !== `token ${TOKEN}`) {
      response
        .writeHead(401, { 'content-type': 'application/json' })
        .end('{"message":"Bad credentials"}');
      return;
    }
    const body = content.length === 0 ? undefined : (JSON.parse(content.toString()) as Body);
    const [status, answer] =
      url.pathname === '/api/graphql'
        ? [200, this.#graphql(body ?? {})]
        : this.#rest(request.method ?? '', url, body);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(answer === undefined ? undefined : JSON.stringify(answer));
  }

  /** The CGI program that comes with git. */
  #serveGit(request: IncomingMessage, response: ServerResponse, url: URL, content: Buffer): void {
    const basic = `Basic ${Buffer.from(`x-access-token:${TOKEN}`).toString('base64')}`;
    if (request.headers.authorization !== basic) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="GitHub"' }).end();
      return;
    }
    const child = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env['PATH'] ?? '',
        GIT_PROJECT_ROOT: this.folder,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: url.pathname,
        QUERY_STRING: url.searchParams.toString(),
        REQUEST_METHOD: request.method ?? '',
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        CONTENT_LENGTH: String(content.length),
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: [request.headers['git-protocol'] ?? ''].flat().join(),
        REMOTE_USER: 'app',
      },
    });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.on('close', () => {
      const all = Buffer.concat(output);
      const end = all.indexOf('\r\n\r\n');
      const headers = all
        .subarray(0, end)
        .toString()
        .split('\r\n')
        .map((line) => line.split(': '));
      const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200';
      response.writeHead(
        Number.parseInt(status, 10),
        Object.fromEntries(headers) as Record<string, string>,
      );
      response.end(all.subarray(end + 4));
    });
    child.stdin.on('error', () => undefined); // it may not want the body
    child.stdin.end(content);
  }

  #graphql({ query, variables }: Body): unknown {
    const errors = validate(this.#schema, parse(String(query)));
    this.problems.push(...errors.map(({ message }) => message));
    this.asked.push('GRAPHQL updateRefs');
    const { repositoryId, name, beforeOid, afterOid } = variables as Readonly<
      Record<string, string>
    >;
    if (repositoryId !== REPOSITORY.node_id) this.problems.push('not the id of the repository');
    try {
      this.#git('update-ref', name ?? '', afterOid ?? '', beforeOid ?? '');
    } catch {
      return {
        data: { updateRefs: null },
        errors: [{ message: 'Reference was changed', path: ['updateRefs'], locations: [] }],
      };
    }
    return { data: { updateRefs: { clientMutationId: null } } };
  }

  #rest(method: string, url: URL, body: Body | undefined): [number, unknown] {
    const route = new URL(url.href.replace('/api/v3', ''));
    this.problems.push(...this.#openApi.request(method, route, body));
    const below = decodeURIComponent(route.pathname.replace('/repos/acme/fleet', ''));
    this.asked.push(`${method} ${below.replaceAll(/\d+/gu, 'N')}`);
    const [status, answer] = this.#answer(method, below, route.searchParams, body ?? {});
    return [status, answer];
  }

  #answer(method: string, below: string, query: URLSearchParams, body: Body): [number, unknown] {
    const [, kind, number, more, name] = below.split('/');
    const pull = this.pulls.find((one) => String(one.number) === number);
    if (below === '') return [200, REPOSITORY];
    if (kind === 'git') return this.#objects(method, below, body);
    if (kind === 'pulls' && method === 'GET') {
      const wanted = this.pulls.filter(
        ({ state, branch }) =>
          state === query.get('state') && [null, `acme:${branch}`].includes(query.get('head')),
      );
      const [page, size] = [Number(query.get('page')), Number(query.get('per_page'))];
      return [
        200,
        wanted
          .toReversed()
          .slice((page - 1) * size, page * size)
          .map(shown),
      ];
    }
    if (kind === 'pulls' && method === 'POST') {
      const branch = String(body['head']);
      if (this.pulls.some((one) => one.state === 'open' && one.branch === branch))
        return [422, { message: 'Validation Failed' }];
      const made: Pull = {
        number: this.pulls.length + 1,
        branch,
        title: String(body['title']),
        body: String(body['body']),
        state: 'open',
        closed_at: null,
        labels: new Set(),
        comments: [],
      };
      this.pulls.push(made);
      return [201, shown(made)];
    }
    if (pull === undefined) return [404, { message: 'Not Found' }];
    if (kind === 'pulls' && method === 'PATCH') {
      Object.assign(
        pull,
        body,
        body['state'] === 'closed' ? { closed_at: new Date().toISOString() } : {},
      );
      return [200, shown(pull)];
    }
    if (more === 'labels' && method === 'POST')
      for (const label of body['labels'] as string[]) pull.labels.add(label);
    if (more === 'labels' && method === 'DELETE')
      pull.labels.delete([name, ...below.split('/').slice(5)].join('/'));
    if (more === 'labels') return [200, [...pull.labels].map((label) => ({ name: label }))];
    if (more === 'comments' && method === 'POST') {
      pull.comments.push(String(body['body']));
      return [201, { body: body['body'] }];
    }
    if (more === 'comments') return [200, pull.comments.map((text) => ({ body: text }))];
    return [404, { message: 'Not Found' }];
  }

  #objects(method: string, below: string, body: Body): [number, unknown] {
    if (below === '/git/trees') {
      this.#git('read-tree', String(body['base_tree']));
      const lines = (body['tree'] as { path: string; content?: string; sha?: null }[]).map(
        ({ path: file, content }) =>
          content === undefined
            ? `0 ${'0'.repeat(40)}\t${file}\0`
            : `100644 ${this.#gitWith(content, 'hash-object', '-w', '--stdin')}\t${file}\0`,
      );
      this.#gitWith(lines.join(''), 'update-index', '-z', '--index-info');
      return [201, { sha: this.#git('write-tree') }];
    }
    if (below === '/git/commits') {
      const parents = (body['parents'] as string[]).flatMap((parent) => ['-p', parent]);
      const sha = this.#gitWith(
        String(body['message']),
        'commit-tree',
        String(body['tree']),
        ...parents,
      );
      return [201, { sha, verification: { verified: this.signs } }];
    }
    const sha = method === 'GET' ? this.head(below.replace('/git/ref/heads/', '')) : null;
    return sha === null ? [404, { message: 'Not Found' }] : [200, { object: { sha } }];
  }
}

function shown({ number, branch, title, body, state, closed_at, labels }: Pull): unknown {
  return {
    number,
    html_url: `https://github.example.com/acme/fleet/pull/${number}`,
    title,
    body,
    state,
    closed_at,
    merged_at: null,
    labels: [...labels].map((name) => ({ name })),
    head: { ref: branch, repo: { id: REPOSITORY.id } },
    base: { ref: 'main', repo: { id: REPOSITORY.id } },
  };
}
