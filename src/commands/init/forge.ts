import type { ForgeName } from '../../propose/forges/forge.ts';

/** Which hosts say what they are; `codeberg.org` is Forgejo. */
const HOSTS: readonly (readonly [RegExp, ForgeName])[] = [
  [/github|\.ghe\.com$/u, 'github'],
  [/gitlab/u, 'gitlab'],
  [/gitea|forgejo|codeberg/u, 'gitea'],
];

const VARIABLES: readonly (readonly [string, ForgeName])[] = [
  ['GITEA_URL', 'gitea'],
  ['CI_API_V4_URL', 'gitlab'],
];

/** Whose workflows are written: as the remote's host or a variable says, else GitHub's. */
export function forgeOf(
  environment: Readonly<Record<string, string | undefined>>,
  remoteUrl: string,
): ForgeName {
  const host = hostOf(remoteUrl);
  const named = HOSTS.find(([pattern]) => pattern.test(host));
  const set = VARIABLES.find(([name]) => (environment[name] ?? '') !== '');
  return (named ?? set)?.[1] ?? 'github';
}

function hostOf(url: string): string {
  if (URL.canParse(url) && new URL(url).hostname !== '') return new URL(url).hostname.toLowerCase();
  return /^(?:[^@/:]+@)?([^/:]+):/u.exec(url)?.[1]?.toLowerCase() ?? '';
}
