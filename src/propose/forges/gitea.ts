import { asking, list, number, statusOf, text } from './answer.ts';
import { Api, type Patience } from './http.ts';
import type { ClosedPullRequest, Forge, PullRequest, Site } from './forge.ts';

const COLOUR = '#b60205';

/** Gitea and Forgejo, by their documented REST API (`/api/v1`). */
export function giteaForge(site: Site, patience: Patience): Forge {
  const api = new Api(site.api, { authorization: `token ${site.token}` }, patience);
  const repository = `/repos/${site.repository.split('/').map(encodeURIComponent).join('/')}`;
  const ask = <T>(what: string, request: () => Promise<T>): Promise<T> =>
    asking(site, what, request);

  const pulls = async (base: string, state: 'open' | 'closed'): Promise<readonly unknown[]> =>
    (await api.list(`${repository}/pulls?state=${state}&sort=newest`, 'limit')).filter(
      (pull) =>
        text(pull, 'base', 'ref') === base &&
        number(pull, 'head', 'repo_id') === number(pull, 'base', 'repo_id'),
    );
  const open: Forge['open'] = (base, prefix) =>
    ask('list pull requests', async () =>
      (await pulls(base, 'open')).map(readPull).filter(({ branch }) => branch.startsWith(prefix)),
    );

  return {
    open,
    defaultBranch: () =>
      ask('read the repository', async () =>
        text(await api.request('GET', repository), 'default_branch'),
      ),
    lastClosed: (base, branch) =>
      ask('list pull requests', async () => {
        const newest = (await pulls(base, 'closed'))
          .filter((pull) => branchOf(pull) === branch)
          .sort((a, b) => number(b, 'number') - number(a, 'number'))[0];
        return newest === undefined || text(newest, 'merged_at') !== ''
          ? undefined
          : closedPull(newest);
      }),
    create: (base, branch, { title, body }) =>
      ask('open a pull request', async () => {
        try {
          const made = { title, body, base, head: branch };
          return readPull(await api.request('POST', `${repository}/pulls`, made));
        } catch (error) {
          const existing =
            statusOf(error) === 409
              ? (await open(base, branch)).find((pull) => pull.branch === branch)
              : undefined;
          if (existing === undefined) throw error;
          return existing;
        }
      }),
    update: (pull, { title, body }) =>
      ask('update a pull request', async () => {
        await api.request('PATCH', `${repository}/pulls/${pull.number}`, { title, body });
      }),
    label: (pull, add, remove) =>
      ask('label a pull request', async () => {
        const known = new Map(
          (await api.list(`${repository}/labels`, 'limit')).map((label) => [
            text(label, 'name'),
            number(label, 'id'),
          ]),
        );
        const issue = `${repository}/issues/${pull.number}/labels`;
        for (const name of remove) {
          const id = known.get(name);
          if (id !== undefined) await api.request('DELETE', `${issue}/${id}`);
        }
        const ids: number[] = [];
        for (const name of add) {
          const made = { name, color: COLOUR, description: 'set by cdk8s-pki' };
          ids.push(
            known.get(name) ??
              number(await api.request('POST', `${repository}/labels`, made), 'id'),
          );
        }
        if (ids.length > 0) await api.request('POST', issue, { labels: ids });
      }),
    comments: (pull) =>
      ask('read comments', async () =>
        // not paged: it answers with all of them
        list(await api.request('GET', `${repository}/issues/${pull.number}/comments`)).map(
          (comment) => text(comment, 'body'),
        ),
      ),
    comment: (pull, body) =>
      ask('comment on a pull request', async () => {
        await api.request('POST', `${repository}/issues/${pull.number}/comments`, { body });
      }),
    close: (pull) =>
      ask('close a pull request', async () => {
        await api.request('PATCH', `${repository}/pulls/${pull.number}`, { state: 'closed' });
      }),
  };
}

function readPull(pull: unknown): PullRequest {
  return {
    number: number(pull, 'number'),
    url: text(pull, 'html_url'),
    branch: branchOf(pull),
    title: text(pull, 'title'),
    body: text(pull, 'body'),
    labels: list(pull, 'labels').map((label) => text(label, 'name')),
  };
}

/** Where the branch is gone, `ref` is that of the pull request. */
function branchOf(pull: unknown): string {
  return text(pull, 'head', 'label');
}

function closedPull(pull: unknown): ClosedPullRequest {
  return { ...readPull(pull), closedAt: new Date(text(pull, 'closed_at')) };
}
