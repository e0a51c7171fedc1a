import { execa } from 'execa';
import { PkiError } from '../errors.ts';
import { list, record } from './json.ts';

/** What an API server says of one path; or why it says nothing, for the end of a sentence. */
export type Answer = { readonly text: string } | { readonly why: string; readonly hint: string };

/** Asks API servers of one cluster, and changes nothing there. */
export interface ClusterApi {
  /** @param server `host:port` of one API server; the one of the kubeconfig where it is left out. */
  readonly get: (path: string, server?: string) => Promise<Answer>;
}

export interface KubectlProps {
  /** Absolute. */
  readonly kubeconfig: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** @default 'kubectl' */
  readonly program?: string;
}

/**
 * How to find kubectl, and what its ways of authentication read; no KUBECONFIG, no identity of this program and no token of a forge.
 */
const ALLOWED =
  /^(?:PATH|HOME|USERPROFILE|APPDATA|LOCALAPPDATA|SYSTEMROOT|TMPDIR|TEMP|TMP|LANG|LC_ALL|USER|LOGNAME|XDG_(?:CONFIG_HOME|CACHE_HOME|RUNTIME_DIR)|SSH_AUTH_SOCK|KRB5\w+|SSL_CERT_(?:FILE|DIR)|(?:AWS|AZURE|AAD|ARM|GOOGLE|CLOUDSDK|VAULT|TELEPORT|OCI)_\w+|(?:HTTPS?|NO|ALL)_PROXY)$/iu;

/** Of one request, seconds; then of the program, whose way of authentication may hang. */
const REQUEST_TIMEOUT = 20;
const PROGRAM_TIMEOUT = 45_000;

/** What kubectl says on its error stream to what it means; the stream itself is never printed. */
const FAILURES: readonly { readonly says: RegExp; readonly why: string; readonly hint: string }[] =
  [
    {
      says: /\(Forbidden\)/u,
      why: 'it is forbidden',
      hint: 'give its user the rights of examples/evidence/rbac.yaml',
    },
    {
      says: /\(NotFound\)/u,
      why: 'there is none',
      hint: 'see that the context is of a cluster that this tree made',
    },
    {
      says: /Unauthorized|must be logged in/u,
      why: 'the API server does not know who asks',
      hint: 'see that the credentials of the context are good: kubectl --kubeconfig FILE auth whoami',
    },
    {
      // a program for credentials; a file of the kubeconfig; a user without any, whose name it asks for
      says: /getting credentials|Error in configuration|^error: (?:open .*|EOF)$/mu,
      why: 'kubectl cannot use the credentials of the kubeconfig',
      hint: 'see what it says: kubectl --kubeconfig FILE --context CLUSTER auth whoami',
    },
    {
      says: /x509|certificate|tls:/u,
      why: 'the API server is not one that the kubeconfig trusts',
      hint: 'see that certificate-authority-data of its cluster is the trust bundle of the tree',
    },
    {
      says: /refused|no route|no such host|Unable to connect|i\/o timeout|deadline|unreachable|ServiceUnavailable/iu,
      why: 'there is no answer',
      hint: 'see that the API server can be reached from here: kubectl --kubeconfig FILE version',
    },
  ];

/**
 * The cluster of a context by the user's kubectl, which knows every way of authentication. Undefined where the kubeconfig has no
 * context of that name.
 *
 * @throws PkiError `ERR_EVIDENCE` where kubectl cannot be run or the kubeconfig cannot be read, and for a context that verifies nothing.
 */
export async function kubectlApi(
  props: KubectlProps,
  context: string,
): Promise<ClusterApi | undefined> {
  const { kubeconfig } = props;
  const view = await run(props, ['config', 'view', '--output=json']);
  if ('why' in view) {
    throw new PkiError('ERR_EVIDENCE', `kubectl cannot read "${kubeconfig}": ${view.why}`, {
      hint: view.hint,
    });
  }
  const config = record(parse(view.text));
  // what is not there kubectl shows as a file with nothing in it
  if (!Array.isArray(config['contexts'])) {
    throw new PkiError('ERR_EVIDENCE', `there is no kubeconfig "${kubeconfig}", or it is empty`, {
      hint: 'name one that has a context for each cluster to be asked',
    });
  }
  const found = list(config['contexts'])
    .map(record)
    .find(({ name }) => name === context);
  if (found === undefined) return undefined;
  const cluster = list(config['clusters'])
    .map(record)
    .find(({ name }) => name === record(found['context'])['cluster']);
  if (record(cluster?.['cluster'])['insecure-skip-tls-verify'] === true) {
    throw new PkiError(
      'ERR_EVIDENCE',
      `context "${context}" of "${kubeconfig}" does not verify who answers`,
      { hint: 'put the trust bundle of the tree in place of insecure-skip-tls-verify' },
    );
  }
  return {
    get: (path, server) => {
      const to = server === undefined ? [] : [`--server=https://${server}`];
      const flags = [`--context=${context}`, `--request-timeout=${REQUEST_TIMEOUT}s`, ...to];
      return run(props, ['get', ...flags, `--raw=${path}`]);
    },
  };
}

async function run(
  { kubeconfig, environment, program = 'kubectl' }: KubectlProps,
  args: readonly string[],
): Promise<Answer> {
  const allowed = Object.entries(environment).filter(([name]) => ALLOWED.test(name));
  const result = await execa(program, [`--kubeconfig=${kubeconfig}`, ...args], {
    env: Object.fromEntries(allowed),
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: PROGRAM_TIMEOUT,
  });
  if (result.exitCode === 0) return { text: result.stdout };
  if (result.code === 'ENOENT' || result.code === 'EACCES') {
    throw new PkiError('ERR_EVIDENCE', 'kubectl cannot be run', {
      hint: 'install it, so that it is in PATH; --kubeconfig asks the cluster through it',
    });
  }
  if (result.timedOut) {
    return {
      why: 'there is no answer',
      hint: 'see that kubectl asks for nothing that it waits for',
    };
  }
  const failure = FAILURES.find(({ says }) => says.test(result.stderr));
  return (
    failure ?? {
      why: `kubectl has ended with ${result.exitCode ?? 'a signal'}`,
      hint: 'see what it says: kubectl --kubeconfig FILE --context CLUSTER get --raw /version',
    }
  );
}

/** Undefined for what is no JSON. */
function parse(answer: string): unknown {
  try {
    return JSON.parse(answer) as unknown;
  } catch {
    return undefined;
  }
}

/** An object of the cluster, or why it cannot be seen. */
export type Fetched = { readonly value: unknown } | { readonly why: string };

/** As JSON, with a reason where it is none. */
export function parsed(answer: Answer): Fetched {
  if ('why' in answer) return answer;
  const value = parse(answer.text);
  return typeof value === 'object' && value !== null
    ? { value }
    : { why: 'the answer cannot be understood' };
}
