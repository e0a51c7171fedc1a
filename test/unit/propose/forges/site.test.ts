import test from 'ava';
import { gitAuthorization, siteOf } from '../../../../src/propose/forges/site.ts';
import { PkiError } from '../../../../src/errors.ts';

const HTTPS = 'https://github.com/acme/fleet.git';

const found = test.macro({
  title: (_, title: string) => `siteOf: ${title}`,
  exec(
    t,
    _title: string,
    forge: string | undefined,
    environment: Readonly<Record<string, string>>,
    remote: string,
    expected: readonly [forge: string, api: string, url: string, token: string],
  ) {
    const site = siteOf(forge, environment, remote);
    t.deepEqual([site.forge, site.api, site.url, site.token], [...expected]);
    t.true(site.url.endsWith(`/${site.repository}.git`));
  },
});
const GITHUB = ['github', 'https://api.github.com', HTTPS, 'a'] as const;
test(
  found,
  'GitHub by its CI',
  undefined,
  { GITHUB_ACTIONS: 'true', GITHUB_TOKEN: 'a', GITHUB_API_URL: 'https://api.github.com' },
  HTTPS,
  GITHUB,
);
test(found, 'GitHub by its token', undefined, { GITHUB_TOKEN: 'a' }, HTTPS, GITHUB);
test(
  found,
  'GitHub by --forge, whatever else is set',
  'github',
  { GITLAB_CI: 'true', GITLAB_TOKEN: 'b', GITHUB_TOKEN: 'a' },
  HTTPS,
  GITHUB,
);
test(
  found,
  'an SSH remote',
  undefined,
  { GITHUB_TOKEN: 'a' },
  'git@github.com:acme/fleet.git',
  GITHUB,
);
test(
  found,
  'an ssh:// remote with a port',
  undefined,
  { GITHUB_TOKEN: 'a' },
  'ssh://git@github.com:22/acme/fleet',
  GITHUB,
);
test(
  found,
  'no name and password of the remote',
  undefined,
  { GITHUB_TOKEN: 'a' },
  'https://me:secret@github.com/acme/fleet.git',
  GITHUB,
);
test(
  found,
  'GitHub Enterprise by its variable',
  undefined,
  { GITHUB_ACTIONS: 'true', GITHUB_TOKEN: 'a', GITHUB_API_URL: 'https://ghe.example.com/api/v3' },
  'https://ghe.example.com/acme/fleet',
  ['github', 'https://ghe.example.com/api/v3', 'https://ghe.example.com/acme/fleet.git', 'a'],
);
test(
  found,
  'GitHub Enterprise by the remote',
  undefined,
  { GITHUB_TOKEN: 'a' },
  'git@ghe.example.com:acme/fleet.git',
  ['github', 'https://ghe.example.com/api/v3', 'https://ghe.example.com/acme/fleet.git', 'a'],
);
test(
  found,
  'GitHub Enterprise Cloud on ghe.com',
  undefined,
  { GITHUB_TOKEN: 'a', GITHUB_API_URL: 'https://api.acme.ghe.com' },
  'https://acme.ghe.com/acme/fleet',
  ['github', 'https://api.acme.ghe.com', 'https://acme.ghe.com/acme/fleet.git', 'a'],
);
test(
  found,
  "Gitea by its CI, which sets GitHub's variables too",
  undefined,
  {
    GITEA_ACTIONS: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_TOKEN: 'a',
    GITHUB_API_URL: 'https://git.example.com/api/v1',
  },
  'https://git.example.com/acme/fleet',
  ['gitea', 'https://git.example.com/api/v1', 'https://git.example.com/acme/fleet.git', 'a'],
);
test(
  found,
  'Forgejo by its CI, with a token of its own',
  undefined,
  { FORGEJO_ACTIONS: 'true', GITEA_TOKEN: 'b', GITHUB_TOKEN: 'a' },
  'https://git.example.com/acme/fleet',
  ['gitea', 'https://git.example.com/api/v1', 'https://git.example.com/acme/fleet.git', 'b'],
);
test(
  found,
  'Gitea below a path',
  undefined,
  { GITEA_TOKEN: 'a', GITEA_URL: 'https://example.com/git/' },
  'https://example.com/git/acme/fleet.git',
  ['gitea', 'https://example.com/git/api/v1', 'https://example.com/git/acme/fleet.git', 'a'],
);
test(
  found,
  'GitLab by its CI, with groups in groups',
  undefined,
  { GITLAB_CI: 'true', GITLAB_TOKEN: 'a', CI_API_V4_URL: 'https://gitlab.example.com/api/v4' },
  'https://gitlab-ci-token:x@gitlab.example.com/a/b/fleet.git',
  ['gitlab', 'https://gitlab.example.com/api/v4', 'https://gitlab.example.com/a/b/fleet.git', 'a'],
);
test(
  found,
  'the token goes where the API root says, not where the remote is',
  undefined,
  { GITEA_TOKEN: 'a', GITEA_URL: 'http://127.0.0.1:3000' },
  'https://elsewhere.example.com/acme/fleet.git',
  ['gitea', 'http://127.0.0.1:3000/api/v1', 'http://127.0.0.1:3000/acme/fleet.git', 'a'],
);

const refused = test.macro({
  title: (_, why: string) => `siteOf refuses ${why}`,
  exec(
    t,
    _why: string,
    code: string,
    message: string,
    environment: Readonly<Record<string, string>>,
    remote: string,
  ) {
    const error = t.throws(() => siteOf(undefined, environment, remote), { instanceOf: PkiError });
    t.deepEqual([error.code, error.message], [code, message]);
    t.true(error.hints.length > 0);
  },
});
test(
  refused,
  'an environment that says nothing',
  'ERR_USAGE',
  'nothing says which forge the pull requests go to',
  {},
  HTTPS,
);
test(
  refused,
  'tokens of two forges',
  'ERR_USAGE',
  'nothing says which forge the pull requests go to',
  { GITHUB_TOKEN: 'a', GITLAB_TOKEN: 'b' },
  'git@example.com:a/b',
);
test(
  refused,
  'CI without a token',
  'ERR_FORGE',
  'there is no token for gitlab',
  { GITLAB_CI: 'true' },
  HTTPS,
);
test(
  refused,
  'a token with a line break',
  'ERR_FORGE',
  'GITHUB_TOKEN holds no token',
  { GITHUB_TOKEN: 'a\nHost: x' },
  HTTPS,
);
test(
  refused,
  'a remote that is a folder',
  'ERR_FORGE',
  'the remote "origin" is no repository of a forge',
  { GITHUB_TOKEN: 'a' },
  '/srv/fleet.git',
);
test(
  refused,
  'a remote without an owner',
  'ERR_FORGE',
  'the remote "origin" names no repository of this forge',
  { GITHUB_TOKEN: 'a' },
  'https://github.com/fleet',
);
test(
  refused,
  'a remote that is no path',
  'ERR_FORGE',
  'the remote "origin" names no repository of this forge',
  { GITLAB_TOKEN: 'a' },
  'https://example.com/a/../b?x',
);
test(
  refused,
  'an API root that is no URL',
  'ERR_FORGE',
  'GITEA_URL is no URL of a forge',
  { GITEA_TOKEN: 'a', GITEA_URL: 'git.example.com' },
  HTTPS,
);

test('gitAuthorization: the token is the password of a user that the forge expects', (t) => {
  const header = gitAuthorization(siteOf(undefined, { GITHUB_TOKEN: 'a' }, HTTPS));
  t.is(Buffer.from(header.replace(/^Basic /u, ''), 'base64').toString(), 'x-access-token:a');
});
