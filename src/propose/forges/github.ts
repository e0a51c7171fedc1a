import { Octokit } from '@octokit/core';
import { PkiError } from '../../errors.ts';
import { asking, list, number, statusOf, text } from './answer.ts';
import { patientFetch, type Patience } from './http.ts';
import type { ClosedPullRequest, Forge, PullRequest, Site } from './forge.ts';

const PAGE = 100;
const NO_COMMIT = '0'.repeat(40);

/** REST moves a branch, but cannot say from where: this compares and swaps. */
const UPDATE_REFS = `mutation ($repositoryId: ID!, $name: GitRefname!, $beforeOid: GitObjectID!, $afterOid: GitObjectID!) {
  updateRefs(input: {
    repositoryId: $repositoryId,
    refUpdates: [{ name: $name, beforeOid: $beforeOid, afterOid: $afterOid, force: true }]
  }) { clientMutationId }
}`;

/** GitHub and GitHub Enterprise. Its commits are made through the API, so that GitHub signs those of an App. */
export function githubForge(site: Site, patience: Patience): Forge {
  const octokit = new Octokit({
    auth: site.token,
    baseUrl: site.api,
    userAgent: 'cdk8s-pki',
    request: { fetch: patientFetch(patience, new URL(site.api).host) },
    log: { debug: silent, info: silent, warn: silent, error: silent },
  });
  const [owner = '', repo = ''] = site.repository.split('/');
  const ask = <T>(what: string, request: () => Promise<T>): Promise<T> =>
    asking(site, what, request);

  const pulls = async (query: {
    state: 'open' | 'closed';
    base: string;
    head?: string;
  }): Promise<readonly unknown[]> => {
    const found: unknown[] = [];
    for (let page = 1; ; page += 1) {
      const { data } = await octokit.request('GET /repos/{owner}/{repo}/pulls', {
        owner,
        repo,
        ...query,
        sort: 'created',
        direction: 'desc',
        per_page: PAGE,
        page,
      });
      found.push(...data);
      if (data.length < PAGE) break;
    }
    // of a fork that is gone, there is no head repository
    return found.filter(
      (pull) => number(pull, 'head', 'repo', 'id') === number(pull, 'base', 'repo', 'id'),
    );
  };
  const open: Forge['open'] = (base, prefix) =>
    ask('list pull requests', async () =>
      (await pulls({ state: 'open', base }))
        .map(readPull)
        .filter(({ branch }) => branch.startsWith(prefix)),
    );

  /** Of octets, which a tree's own `content`, a text, cannot hold; null for a file that is deleted. */
  const blobOf = async (content: Uint8Array | null): Promise<string | null> => {
    if (content === null) return null;
    const { data } = await octokit.request('POST /repos/{owner}/{repo}/git/blobs', {
      owner,
      repo,
      content: Buffer.from(content).toString('base64'),
      encoding: 'base64',
    });
    return data.sha;
  };

  return {
    open,
    defaultBranch: () =>
      ask('read the repository', async () => {
        const { data } = await octokit.request('GET /repos/{owner}/{repo}', { owner, repo });
        return data.default_branch;
      }),
    lastClosed: (base, branch) =>
      ask('list pull requests', async () => {
        const [newest] = await pulls({ state: 'closed', base, head: `${owner}:${branch}` });
        return newest === undefined || text(newest, 'merged_at') !== ''
          ? undefined
          : closedPull(newest);
      }),
    create: (base, branch, { title, body }) =>
      ask('open a pull request', async () => {
        try {
          const made = { owner, repo, base, head: branch, title, body };
          return readPull((await octokit.request('POST /repos/{owner}/{repo}/pulls', made)).data);
        } catch (error) {
          const existing =
            statusOf(error) === 422
              ? (await open(base, branch)).find((pull) => pull.branch === branch)
              : undefined;
          if (existing === undefined) throw error;
          return existing;
        }
      }),
    update: (pull, { title, body }) =>
      ask('update a pull request', async () => {
        const pull_number = pull.number;
        const changed = { owner, repo, pull_number, title, body };
        await octokit.request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', changed);
      }),
    label: (pull, add, remove) =>
      ask('label a pull request', async () => {
        const issue = { owner, repo, issue_number: pull.number };
        for (const name of remove) {
          await octokit
            .request('DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}', {
              ...issue,
              name,
            })
            .catch((error: unknown) => {
              if (statusOf(error) !== 404) throw error; // somebody took it off
            });
        }
        if (add.length === 0) return;
        const labels = [...add];
        await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/labels', {
          ...issue,
          labels,
        });
      }),
    comments: (pull) =>
      ask('read comments', async () => {
        const bodies: string[] = [];
        for (let page = 1; ; page += 1) {
          const { data } = await octokit.request(
            'GET /repos/{owner}/{repo}/issues/{issue_number}/comments',
            { owner, repo, issue_number: pull.number, per_page: PAGE, page },
          );
          bodies.push(...data.map(({ body }) => body ?? ''));
          if (data.length < PAGE) return bodies;
        }
      }),
    comment: (pull, body) =>
      ask('comment on a pull request', async () => {
        await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
          owner,
          repo,
          issue_number: pull.number,
          body,
        });
      }),
    close: (pull) =>
      ask('close a pull request', async () => {
        await octokit.request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
          owner,
          repo,
          pull_number: pull.number,
          state: 'closed',
        });
      }),
    commit: ({ branch, base, baseTree, tree, files, message, expected }) =>
      ask('make a commit', async () => {
        const made = await octokit.request('POST /repos/{owner}/{repo}/git/trees', {
          owner,
          repo,
          base_tree: baseTree,
          tree: await Promise.all(
            files.map(async ({ path, content }) => ({
              path,
              mode: '100644' as const,
              type: 'blob' as const,
              ...(typeof content === 'string' ? { content } : { sha: await blobOf(content) }),
            })),
          ),
        });
        if (made.data.sha !== tree) {
          throw new PkiError(
            'ERR_FORGE',
            `${new URL(site.api).host} made another tree than it was given`,
            {
              hint: 'the branch stays as it is; run the command again',
            },
          );
        }
        // neither author nor committer: else it would not be signed
        const commit = await octokit.request('POST /repos/{owner}/{repo}/git/commits', {
          owner,
          repo,
          message,
          tree,
          parents: [base],
        });
        const id = commit.data.sha;
        const found = await octokit.request('GET /repos/{owner}/{repo}', { owner, repo });
        const isVerified = commit.data.verification.verified;
        const name = `refs/heads/${branch}`;
        try {
          await octokit.graphql(UPDATE_REFS, {
            repositoryId: found.data.node_id,
            name,
            beforeOid: expected ?? NO_COMMIT,
            afterOid: id,
          });
        } catch (error) {
          if (!isGraphqlError(error)) throw error;
          // it says in words only what was wrong: look where the branch is
          const now = await headOf(octokit, { owner, repo, ref: `heads/${branch}` });
          if (now === id) return { id, isVerified };
          if (now !== expected) return undefined;
          throw new PkiError(
            'ERR_FORGE',
            `${new URL(site.api).host} refuses to move the branch "${branch}"`,
            {
              hint: 'the token must be allowed to write contents; a rule of the repository may also forbid it',
            },
          );
        }
        return { id, isVerified };
      }),
  };
}

function silent(): void {
  // what goes wrong is an error of its own
}

function isGraphqlError(error: unknown): boolean {
  return error instanceof Error && error.name === 'GraphqlResponseError';
}

async function headOf(
  octokit: Octokit,
  where: { readonly owner: string; readonly repo: string; readonly ref: string },
): Promise<string | null> {
  try {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/git/ref/{ref}', where);
    return data.object.sha;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

function readPull(pull: unknown): PullRequest {
  return {
    number: number(pull, 'number'),
    url: text(pull, 'html_url'),
    branch: text(pull, 'head', 'ref'),
    title: text(pull, 'title'),
    body: text(pull, 'body'),
    labels: list(pull, 'labels').map((label) => text(label, 'name')),
  };
}

function closedPull(pull: unknown): ClosedPullRequest {
  return { ...readPull(pull), closedAt: new Date(text(pull, 'closed_at')) };
}
