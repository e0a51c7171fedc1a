import test from 'ava';
import type { ForgeName } from '../../../../src/propose/forges/forge.ts';
import { forgeOf } from '../../../../src/commands/init/forge.ts';

const ROWS: readonly (readonly [string, ForgeName])[] = [
  ['https://github.com/acme/pki.git', 'github'],
  ['git@github.example.com:acme/pki', 'github'],
  ['https://acme.ghe.com/acme/pki', 'github'],
  ['ssh://git@gitlab.example.com:2222/acme/pki.git', 'gitlab'],
  ['git@gitlab.com:acme/github-tools.git', 'gitlab'],
  ['https://codeberg.org/acme/pki', 'gitea'],
  ['https://FORGEJO.example.com/acme/pki', 'gitea'],
  ['https://git.example.com/gitlab/pki', 'github'],
  ['/srv/gitlab.git', 'github'],
  ['', 'github'],
];
for (const [url, forge] of ROWS) {
  test(`forgeOf: the host of "${url}" means the workflows of ${forge}`, (t) => {
    t.is(forgeOf({}, url), forge);
  });
}

test('forgeOf: a variable says which forge a host is that does not say so itself', (t) => {
  const url = 'https://git.example.com/acme/pki';
  t.is(forgeOf({ GITEA_URL: 'https://git.example.com' }, url), 'gitea');
  t.is(forgeOf({ CI_API_V4_URL: 'https://git.example.com/api/v4' }, url), 'gitlab');
  t.is(forgeOf({ GITEA_URL: '', CI_API_V4_URL: '' }, url), 'github');
  t.is(forgeOf({ GITEA_URL: 'https://git.example.com' }, 'https://github.com/a/b'), 'github');
});
