import { PkiError } from '../../errors.ts';
import type { ForgeName, Site } from './forge.ts';

type Environment = Readonly<Record<string, string | undefined>>;

interface Kind {
  readonly name: ForgeName;
  /** Variables that its CI sets. */
  readonly ci: readonly string[];
  readonly token: string;
  /** Variables of its API root, or of its own root. */
  readonly roots: readonly string[];
  /** From its own root to that of the API. */
  readonly path: string;
  /** The user that a token stands for in git's Basic authentication. */
  readonly user: string;
}

/** In the order in which they are looked for: Gitea's and Forgejo's CI sets GITHUB_ACTIONS too. */
const KINDS: readonly Kind[] = [
  {
    name: 'gitea',
    ci: ['GITEA_ACTIONS', 'FORGEJO_ACTIONS'],
    token: 'GITEA_TOKEN',
    roots: ['GITEA_URL'],
    path: '/api/v1',
    user: 'oauth2',
  },
  {
    name: 'github',
    ci: ['GITHUB_ACTIONS'],
    token: 'GITHUB_TOKEN',
    roots: ['GITHUB_API_URL'],
    path: '/api/v3',
    user: 'x-access-token',
  },
  {
    name: 'gitlab',
    ci: ['GITLAB_CI'],
    token: 'GITLAB_TOKEN',
    roots: ['CI_API_V4_URL'],
    path: '/api/v4',
    user: 'oauth2',
  },
];

const FORGES: readonly ForgeName[] = ['github', 'gitea', 'gitlab'];

const DOT_COM = { api: 'https://api.github.com', root: 'https://github.com' } as const;

/**
 * Which forge, where, and with which token (issue: `--forge`, else CI variables, else which token is set).
 *
 * @param remoteUrl of the remote `origin`; a name or password in it is not used.
 * @throws PkiError `ERR_USAGE` where nothing says which forge; `ERR_FORGE` where the token or the repository is missing.
 */
export function siteOf(
  forge: string | undefined,
  environment: Environment,
  remoteUrl: string,
): Site {
  const kind = kindOf(forge, environment);
  const remote = parseRemote(remoteUrl);
  // Gitea's and Forgejo's CI gives its token by the name that GitHub gives it
  const names = kind.ci.some((name) => isSet(environment, name))
    ? [kind.token, 'GITHUB_TOKEN']
    : [kind.token];
  const token = names.map((name) => environment[name] ?? '').find((value) => value !== '');
  if (token === undefined) {
    throw new PkiError('ERR_FORGE', `there is no token for ${kind.name}`, {
      hint: `set ${kind.token} to a token that may write contents and pull requests of this repository`,
    });
  }
  if (!/^[\u0021-\u007E]+$/u.test(token)) {
    throw new PkiError('ERR_FORGE', `${kind.token} holds no token`, {
      hint: 'a token has neither spaces nor line breaks in it',
    });
  }
  const { api, root } = rootsOf(kind, environment, remote);
  const repository = repositoryOf(kind, root, remote);
  return { forge: kind.name, api, url: `${root}/${repository}.git`, repository, token };
}

/** The value of the Authorization header by which git speaks for the token. */
export function gitAuthorization({ forge, token }: Site): string {
  const user = KINDS.find(({ name }) => name === forge)?.user ?? '';
  return `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
}

function isSet(environment: Environment, name: string): boolean {
  return !['', 'false', undefined].includes(environment[name]);
}

function kindOf(forge: string | undefined, environment: Environment): Kind {
  const found =
    forge === undefined
      ? (KINDS.find(({ ci }) => ci.some((name) => isSet(environment, name))) ??
        only(KINDS.filter(({ token }) => isSet(environment, token))))
      : KINDS.find(({ name }) => name === forge);
  if (found !== undefined) return found;
  throw new PkiError('ERR_USAGE', 'nothing says which forge the pull requests go to', {
    hint: `say it: --forge ${FORGES.join('|')}, with ${KINDS.map(({ token }) => token).join(', ')} respectively`,
  });
}

/** With tokens of several forges, which of them is meant is not for us to guess. */
function only(kinds: readonly Kind[]): Kind | undefined {
  return kinds.length === 1 ? kinds[0] : undefined;
}

interface RemoteUrl {
  /** `https://host`, with the port where http has one; of an SSH remote without, since SSH's is another. */
  readonly origin: string;
  readonly path: string;
}

function parseRemote(text: string): RemoteUrl {
  const scp = /^(?:[^@/:]+@)?([^/:]+):(?!\/\/)(.+)$/u.exec(text);
  if (scp !== null) return { origin: `https://${scp[1] ?? ''}`, path: withoutGit(scp[2] ?? '') };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') {
    return { origin: url.origin, path: withoutGit(url.pathname) };
  }
  if (url?.protocol === 'ssh:') {
    return { origin: `https://${url.hostname}`, path: withoutGit(url.pathname) };
  }
  throw new PkiError('ERR_FORGE', 'the remote "origin" is no repository of a forge', {
    hint: 'git remote set-url origin https://HOST/OWNER/NAME.git',
  });
}

function withoutGit(path: string): string {
  return path
    .replace(/^\/+/u, '')
    .replace(/\/+$/u, '')
    .replace(/\.git$/u, '');
}

function rootsOf(
  { name, roots, path }: Kind,
  environment: Environment,
  { origin }: RemoteUrl,
): { readonly api: string; readonly root: string } {
  const given = roots.map((variable) => environment[variable] ?? '').find((value) => value !== '');
  if (given === undefined) {
    return name === 'github' && origin === DOT_COM.root
      ? DOT_COM
      : { api: `${origin}${path}`, root: origin };
  }
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/u.test(url.protocol)) {
    throw new PkiError('ERR_FORGE', `${roots[0] ?? ''} is no URL of a forge`, {
      hint: `such as https://git.example.com${path}`,
    });
  }
  const text = `${url.origin}${url.pathname.replace(/\/+$/u, '')}`;
  if (name === 'github' && text === DOT_COM.api) return DOT_COM;
  if (name === 'github' && url.hostname.startsWith('api.') && url.hostname.endsWith('.ghe.com')) {
    return { api: text, root: `https://${url.hostname.slice('api.'.length)}` };
  }
  const root = text.endsWith(path) ? text.slice(0, -path.length) : text;
  return { api: `${root}${path}`, root };
}

function repositoryOf({ name }: Kind, root: string, { path }: RemoteUrl): string {
  const below = new URL(root).pathname.replace(/^\/+/u, '');
  const own = below !== '' && path.startsWith(`${below}/`) ? path.slice(below.length + 1) : path;
  const parts = own.split('/');
  const isRight = name === 'gitlab' ? parts.length >= 2 : parts.length === 2;
  const isPlain = parts.every((part) => /^[\w.-]+$/u.test(part) && part !== '.' && part !== '..');
  if (isRight && isPlain) return own;
  throw new PkiError('ERR_FORGE', 'the remote "origin" names no repository of this forge', {
    hint: 'git remote set-url origin https://HOST/OWNER/NAME.git',
  });
}
