import type { ExecutionContext } from 'ava';
import { declaration } from '../../_helpers/declaration.ts';
import { newPerson, Repository, type Result } from '../../_helpers/run-cli.ts';
import { toolTest } from '../../_helpers/tool-test.ts';
import { githubForge } from '../../../src/propose/forges/github.ts';
import type { Site } from '../../../src/propose/forges/forge.ts';
import { GitHub } from './_github.ts';
import { OpenApi } from './_openapi.ts';

const onGitHub = toolTest(['github-openapi']);
const DUE = '2027-09-20T08:00:00Z';
const BRANCH = 'cdk8s-pki/renew/alpha';

interface Setup {
  readonly github: GitHub;
  readonly repository: Repository;
  readonly propose: (now: string, args?: readonly string[]) => Promise<Result>;
}

async function setup(t: ExecutionContext): Promise<Setup> {
  const github = await GitHub.start(t);
  const custodian = await newPerson();
  const repository = new Repository(t, {
    'clusters/main.ts': declaration({ recipients: [custodian.recipient], clusters: ['alpha'] }),
  });
  const { status, stderr } = await repository.run(['synth', '--now', '2026-11-22T08:00:00Z']);
  if (status !== 0) throw new Error(stderr);
  repository.commit('The fleet');
  repository.git('remote', 'add', 'origin', `${github.url}/acme/fleet.git`);
  repository.git('push', '-q', `${github.folder}/acme/fleet.git`, 'main');
  const environment = {
    GITHUB_ACTIONS: 'true',
    GITHUB_TOKEN: github.token,
    GITHUB_API_URL: `${github.url}/api/v3`,
  };
  const propose = (now: string, args: readonly string[] = []): Promise<Result> =>
    repository.run(['renew', '--pull-request', '--now', now, ...args], {
      as: custodian,
      environment,
    });
  return { github, repository, propose };
}

onGitHub(
  'GitHub makes the commit itself, and every request is as its OpenAPI description and GraphQL schema say',
  async (t) => {
    const { github, repository, propose } = await setup(t);
    const { status, stdout, stderr } = await propose(DUE);
    t.deepEqual([status, stderr], [0, '']);
    t.regex(stdout, /^opened cdk8s-pki\/renew\/alpha: 1 change, [^\n]*\/pull\/1\)\n$/u);
    t.deepEqual(github.problems, []);
    t.deepEqual(github.asked, [
      'GET ',
      'GET /pulls',
      'GET /pulls',
      'POST /git/trees',
      'POST /git/commits',
      'GET ',
      'GRAPHQL updateRefs',
      'POST /pulls',
      'POST /issues/N/labels',
      // and whether a stage of a rotation is open that nobody wants any more
      'GET ',
      'GET /pulls',
    ]);
    repository.git('fetch', '-q', `${github.folder}/acme/fleet.git`, BRANCH);
    t.is(
      repository.git('log', '-1', '--format=%an %P', 'FETCH_HEAD'),
      `app[bot] ${repository.git('rev-parse', 'main')}`,
    );
    t.is(repository.git('diff', '--name-only', 'main', 'FETCH_HEAD').split('\n').length, 4);
  },
);

onGitHub(
  'GitHub: an unsigned commit is told; a second run changes nothing, a later one says it louder, what is closed comes back',
  async (t) => {
    const { github, propose } = await setup(t);
    github.signs = false;
    t.regex(
      (await propose(DUE)).stderr,
      /^the commit on "[^"]*" is not signed: take the token of a GitHub App\n$/u,
    );
    const [pull] = github.pulls;
    if (pull === undefined) throw new Error('a pull request');
    const head = github.head(BRANCH);
    const before = { ...pull, labels: [...pull.labels] };
    t.regex((await propose(DUE)).stdout, /^unchanged /u);
    t.deepEqual({ ...pull, labels: [...pull.labels] }, before);
    t.regex((await propose('2027-11-10T08:00:00Z')).stdout, /^described /u);
    t.regex(pull.title, /^\[urgent\] /u);
    t.deepEqual([...pull.labels], ['cdk8s-pki', 'cdk8s-pki/urgent']);
    t.regex((await propose('2027-11-30T08:00:00Z')).stdout, /^described /u);
    t.deepEqual([...pull.labels], ['cdk8s-pki', 'cdk8s-pki/expired']);
    pull.state = 'closed';
    pull.closed_at = '2027-11-30T09:00:00Z';
    t.regex((await propose('2027-11-30T10:00:00Z')).stdout, /^opened /u);
    t.is(github.head(BRANCH), head);
    t.is(github.pulls.length, 2);
    t.deepEqual(github.problems, []);
  },
);

onGitHub(
  'GitHub: a branch whose name leaves no place for ours is an error that names it',
  async (t) => {
    const { github, repository, propose } = await setup(t);
    const remote = `${github.folder}/acme/fleet.git`;
    repository.git('push', '-q', remote, 'main:refs/heads/cdk8s-pki');
    const { status, stderr } = await propose(DUE);
    t.is(status, 1);
    t.regex(
      stderr,
      /error: .*the branch "cdk8s-pki" is in the way of "cdk8s-pki\/renew\/alpha".*\[ERR_BRANCH\]/u,
    );
    t.regex(stderr, /hint: then: git push origin :refs\/heads\/cdk8s-pki$/mu);
    t.deepEqual(github.pulls, []);
    repository.git('push', '-q', remote, ':refs/heads/cdk8s-pki');
    t.regex((await propose(DUE)).stdout, /^opened /u);
    t.deepEqual(github.problems, []);
  },
);

onGitHub(
  "GitHub: a person's commit stops the branch, once, and a stale one is closed and its branch deleted",
  async (t) => {
    const { github, repository, propose } = await setup(t);
    await propose(DUE);
    const remote = `${github.folder}/acme/fleet.git`;
    const [pull] = github.pulls;
    const ours = github.head(BRANCH) ?? '';
    repository.git('fetch', '-q', remote, BRANCH);
    repository.git('checkout', '-q', '--detach', ours);
    repository.git('commit', '-q', '--allow-empty', '-m', 'mine');
    repository.git('push', '-q', remote, `HEAD:${BRANCH}`);
    t.regex((await propose(DUE)).stdout, /^stopped /u);
    t.regex((await propose(DUE)).stdout, /^stopped /u);
    t.is(pull?.comments.length, 1);
    repository.git('push', '-q', '-f', remote, `${ours}:${BRANCH}`, `${ours}:main`);
    t.regex((await propose(DUE)).stdout, /^closed /u);
    t.is(pull?.state, 'closed');
    t.is(github.head(BRANCH), null);
    t.deepEqual(github.problems, []);
  },
);

onGitHub('GitHub: a branch that somebody moved meanwhile stays where it is', async (t) => {
  const github = await GitHub.start(t);
  const repository = new Repository(t, { 'deploy/a': 'a\n' });
  repository.commit();
  const remote = `${github.folder}/acme/fleet.git`;
  repository.git('push', '-q', remote, 'main', `main:${BRANCH}`);
  const base = repository.git('rev-parse', 'main');
  repository.write('deploy/a', 'b\n');
  repository.commit();
  const site: Site = {
    forge: 'github',
    api: `${github.url}/api/v3`,
    url: '',
    repository: 'acme/fleet',
    token: github.token,
  };
  const forge = githubForge(site, { timeout: 10_000, pauses: [], longest: 0 });
  const commit = {
    branch: BRANCH,
    base,
    baseTree: repository.git('rev-parse', `${base}^{tree}`),
    tree: repository.git('rev-parse', 'HEAD^{tree}'),
    files: [{ path: 'deploy/a', content: 'b\n' }],
    message: 'Renew',
  };
  t.is(await forge.commit?.({ ...commit, expected: null }), undefined);
  t.is(github.head(BRANCH), base);
  const made = await forge.commit?.({ ...commit, expected: base });
  t.true(made?.isVerified);
  t.is(github.head(BRANCH), made?.id ?? '');
  const other = {
    ...commit,
    tree: repository.git('rev-parse', `${base}^{tree}`),
    expected: made?.id ?? null,
  };
  await t.throwsAsync(forge.commit?.(other) ?? Promise.resolve(), {
    message: /made another tree than it was given$/u,
  });
  t.deepEqual(github.problems, []);
});

onGitHub('the OpenAPI description refuses what GitHub would', (t) => {
  const api = new OpenApi('api.github.com');
  const at = (path: string): URL => new URL(`https://api.github.com/repos/a/b${path}`);
  t.deepEqual(api.request('GET', at('/pulls?state=open'), undefined), []);
  t.is(api.request('GET', at('/pulls?state=opened'), undefined).length, 1);
  t.is(api.request('GET', at('/pulls?page=one'), undefined).length, 1);
  t.is(api.request('GET', at('/pulls?branch=x'), undefined).length, 1);
  t.is(api.request('GET', at('/pull-requests'), undefined).length, 1);
  t.true(api.request('POST', at('/git/commits'), { tree: 'x' }).length > 0);
  t.true(api.request('POST', at('/git/trees'), { tree: [{ path: 'a', mode: '644' }] }).length > 0);
});
