import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { PkiError } from '../../errors.ts';

/** What git may see: how to find itself, its configuration, proxies and certificates; no identity, no token, no other repository. */
const ALLOWED =
  /^(?:PATH|HOME|USERPROFILE|HOMEDRIVE|HOMEPATH|SYSTEMROOT|XDG_CONFIG_HOME|TMPDIR|TEMP|TMP|(?:HTTPS?|NO|ALL)_PROXY|SSL_CERT_(?:FILE|DIR)|GIT_(?:CONFIG\w*|EXEC_PATH|SSL_(?:CAINFO|CAPATH|NO_VERIFY)|(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL)))$/iu;

type Setting = readonly [key: string, value: string];

/** Nobody is asked for a password, no hook runs, and nothing is done besides what is asked for. */
const SETTINGS: readonly Setting[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.askPass', ''],
  ['credential.helper', ''],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['submodule.recurse', 'false'],
  ['push.gpgSign', 'false'],
  ['push.followTags', 'false'],
];

/** A remote that sends nothing for a minute hangs; a slow one goes on. */
const REMOTE_SETTINGS: readonly Setting[] = [
  ['http.lowSpeedLimit', '1'],
  ['http.lowSpeedTime', '60'],
];

const LOCAL_TIMEOUT = 10 * 60_000;

export interface GitOptions {
  readonly input?: string | Uint8Array;
  /** Exit statuses besides 0 that mean that there is none of what was asked for. */
  readonly absent?: readonly number[];
}

/**
 * Standard output of a git command that works on this machine only; undefined where it ends with one of `absent`.
 *
 * @throws PkiError `ERR_GIT`; what git printed stays unsaid, as that of any child process.
 */
export async function git(
  folder: string,
  args: readonly string[],
  { input = '', absent = [] }: GitOptions = {},
): Promise<Buffer | undefined> {
  const { exitCode, stdout } = await run(folder, args, { input, timeout: LOCAL_TIMEOUT });
  if (exitCode === 0) return stdout;
  if (exitCode !== undefined && absent.includes(exitCode)) return undefined;
  throw new PkiError('ERR_GIT', `git cannot do its part here (git ${args[0] ?? ''})`, {
    hint: "see what 'git status' says here, and that git is 2.31 or newer",
  });
}

/** Where a repository is, and the value of the Authorization header that opens it. */
export interface Remote {
  readonly url: string;
  readonly authorization: string;
  /** Milliseconds that one try may take. */
  readonly timeout: number;
  /** Waits before the second, third, … try. */
  readonly pauses: readonly number[];
}

/** What went wrong for a moment only, as git tells it in English. */
const PASSING =
  /Could not resolve host|Failed to connect|Connection (?:refused|reset|timed out)|timed out|too slow|returned error: (?:429|5\d\d)|hung up|early EOF|RPC failed|Empty reply/u;
const REFUSED =
  /Authentication failed|could not read Username|returned error: 40[13]|not found|denied|protected branch|pre-receive hook declined/iu;

/**
 * Talks to the remote: the header goes through the environment, so that it is in no argument, no URL and no file. Tried again where
 * the remote is out of reach or overloaded. A push that the remote refuses for its state ends with status 1, and is not an error.
 *
 * @throws PkiError `ERR_GIT`.
 */
export async function remoteGit(
  folder: string,
  remote: Remote,
  args: readonly string[],
  input = '',
): Promise<{ readonly exitCode: number; readonly stdout: string }> {
  // as specific as can be, and first reset: actions/checkout leaves a header of its own in the configuration
  const header = `http.${remote.url}.extraHeader`;
  const redirects = `http.${remote.url}.followRedirects`;
  const settings: Setting[] = [
    ...REMOTE_SETTINGS,
    // the header would go along, also to another host
    [redirects, 'false'],
    [header, ''],
    [header, `Authorization: ${remote.authorization}`],
  ];
  for (let attempt = 0; ; attempt += 1) {
    const result = await run(folder, args, { input, settings, timeout: remote.timeout });
    const { exitCode, stdout, stderr, timedOut } = result;
    const isPassing = timedOut || PASSING.test(stderr);
    // a push ends with 1 also where the connection broke
    if (exitCode === 0 || (exitCode === 1 && args[0] === 'push' && !isPassing)) {
      return { exitCode, stdout: stdout.toString('utf8') };
    }
    const pause = remote.pauses[attempt];
    if (isPassing && pause !== undefined) {
      await sleep(pause);
      continue;
    }
    throw new PkiError(
      'ERR_GIT',
      `git ${args[0] ?? ''} with ${remote.url} ${
        timedOut ? 'took too long' : isPassing ? 'failed; the forge does not answer' : 'failed'
      }`,
      {
        hint: isPassing
          ? 'nothing is half-made: run the command again'
          : REFUSED.test(stderr)
            ? 'the token must be allowed to read the repository and to push branches below cdk8s-pki/'
            : "see that the remote is this forge's repository, and that git is 2.31 or newer",
      },
    );
  }
}

interface RunOptions {
  readonly input: string | Uint8Array;
  readonly settings?: readonly Setting[];
  readonly timeout: number;
}

async function run(
  folder: string,
  args: readonly string[],
  { input, settings = [], timeout }: RunOptions,
): Promise<{
  readonly exitCode: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly timedOut: boolean;
}> {
  const own = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => ALLOWED.test(name)),
  );
  const { exitCode, stdout, stderr, timedOut } = await execa('git', args, {
    cwd: folder,
    env: {
      ...own,
      ...withSettings(Number(own['GIT_CONFIG_COUNT'] ?? 0), [...SETTINGS, ...settings]),
      GIT_TERMINAL_PROMPT: '0',
      LC_ALL: 'C',
    },
    extendEnv: false,
    reject: false,
    input,
    timeout,
    maxBuffer: Infinity,
    encoding: 'buffer',
    stripFinalNewline: false,
  });
  return {
    exitCode,
    stdout: Buffer.from(stdout),
    stderr: Buffer.from(stderr).toString('utf8'),
    timedOut,
  };
}

/** Behind what the environment sets already. */
function withSettings(first: number, settings: readonly Setting[]): Record<string, string> {
  const start = Number.isSafeInteger(first) && first > 0 ? first : 0;
  return Object.fromEntries([
    ['GIT_CONFIG_COUNT', String(start + settings.length)],
    ...settings.flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${start + index}`, key],
      [`GIT_CONFIG_VALUE_${start + index}`, value],
    ]),
  ]) as Record<string, string>;
}
