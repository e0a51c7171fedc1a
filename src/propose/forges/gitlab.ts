import { asking, list, number, statusOf, text } from './answer.ts';
import { Api, type Patience } from './http.ts';
import type { ClosedPullRequest, Forge, PullRequest, Site } from './forge.ts';

/** GitLab, by its documented REST API (`/api/v4`): a pull request is a merge request there. */
export function gitlabForge(site: Site, patience: Patience): Forge {
  const api = new Api(site.api, { 'private-token': site.token }, patience);
  const project = `/projects/${encodeURIComponent(site.repository)}`;
  const request = (pull: PullRequest): string => `${project}/merge_requests/${pull.number}`;
  const ask = <T>(what: string, work: () => Promise<T>): Promise<T> => asking(site, what, work);

  const own = async (query: Readonly<Record<string, string>>): Promise<readonly unknown[]> =>
    (
      await api.list(
        `${project}/merge_requests?${new URLSearchParams(query).toString()}`,
        'per_page',
      )
    ).filter((found) => number(found, 'source_project_id') === number(found, 'target_project_id'));
  const open: Forge['open'] = (base, prefix) =>
    ask('list merge requests', async () =>
      (await own({ state: 'opened', target_branch: base }))
        .map(readRequest)
        .filter(({ branch }) => branch.startsWith(prefix)),
    );

  return {
    open,
    defaultBranch: () =>
      ask('read the project', async () =>
        text(await api.request('GET', project), 'default_branch'),
      ),
    lastClosed: (base, branch) =>
      ask('list merge requests', async () => {
        const newest = (await own({ state: 'all', source_branch: branch, target_branch: base }))
          .toSorted((a, b) => number(b, 'iid') - number(a, 'iid'))
          .find((found) => text(found, 'state') !== 'opened');
        return text(newest, 'state') === 'closed' ? closedRequest(newest) : undefined;
      }),
    create: (base, branch, { title, body }) =>
      ask('open a merge request', async () => {
        try {
          return readRequest(
            await api.request('POST', `${project}/merge_requests`, {
              source_branch: branch,
              target_branch: base,
              title,
              description: body,
              remove_source_branch: true,
            }),
          );
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
      ask('update a merge request', async () => {
        await api.request('PUT', request(pull), { title, description: body });
      }),
    label: (pull, add, remove) =>
      ask('label a merge request', async () => {
        await api.request('PUT', request(pull), {
          add_labels: add.join(','),
          remove_labels: remove.join(','),
        });
      }),
    comments: (pull) =>
      ask('read notes', async () =>
        (await api.list(`${request(pull)}/notes`, 'per_page')).map((note) => text(note, 'body')),
      ),
    comment: (pull, body) =>
      ask('comment on a merge request', async () => {
        await api.request('POST', `${request(pull)}/notes`, { body });
      }),
    close: (pull) =>
      ask('close a merge request', async () => {
        await api.request('PUT', request(pull), { state_event: 'close' });
      }),
  };
}

function readRequest(found: unknown): PullRequest {
  return {
    number: number(found, 'iid'),
    url: text(found, 'web_url'),
    branch: text(found, 'source_branch'),
    title: text(found, 'title'),
    body: text(found, 'description'),
    labels: list(found, 'labels').filter((label) => typeof label === 'string'),
  };
}

function closedRequest(found: unknown): ClosedPullRequest {
  return { ...readRequest(found), closedAt: new Date(text(found, 'closed_at')) };
}
