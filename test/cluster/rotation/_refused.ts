import { LOAD, WORKERS } from './_cluster.ts';
import type { Generation } from './_generation.ts';
import { API_SERVERS, ETCD, SCHEDULERS } from './_generation.ts';
import { probe, type Probe } from './_probe.ts';
import type { Run } from './_run.ts';

export type Verdict = 'by all' | 'by none' | `by some: ${string}`;

const SELF = {
  method: 'POST',
  path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
  body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
};
const METRICS = { path: '/metrics' };
const HEADERS = { 'x-remote-user': 'somebody', 'x-remote-group': 'system:masters' };
const EXTENSION = [`https://${LOAD}`];
/** The other one's may be locked out, and then cannot ask what a client may do. */
const KUBELETS = [`https://${WORKERS['worker-1'] ?? ''}:10250`];

/** What one may do with what a keyset has signed, and where: with `trusted` in hand to see that the server is the right one. */
const USES: Readonly<
  Record<string, (from: Generation, trusted: Generation) => Readonly<Record<string, Probe>>>
> = {
  ca({ admin }, trusted) {
    const { certificate, key } = admin;
    const pair = { certificate, key };
    return {
      'a client of the API servers': use(API_SERVERS, trusted.admin.ca, pair, SELF),
      'a client of the schedulers': use(SCHEDULERS, null, pair, METRICS),
      'a client of a kubelet': use(KUBELETS, null, pair, { path: '/healthz' }),
    };
  },
  'front-proxy-ca'({ frontProxy }, trusted) {
    const as = { ...SELF, headers: HEADERS };
    return {
      'a front proxy of the API servers': use(API_SERVERS, trusted.admin.ca, frontProxy, as),
      'a front proxy of the schedulers': use(SCHEDULERS, null, frontProxy, {
        ...METRICS,
        headers: HEADERS,
      }),
      'a front proxy of the extension': use(EXTENSION, null, frontProxy, {
        path: '/apis/widgets.example.com/v1',
        headers: HEADERS,
      }),
    };
  },
  'etcd-ca': ({ etcd: { certificate, key } }, { etcd }) => ({
    'a client of etcd': use(ETCD, etcd.ca, { certificate, key }, { path: '/health' }),
  }),
  mesh: ({ mesh: { certificate, key } }, { mesh }) => ({
    'a server for who trusts the mesh': {
      ...use([], mesh.ca, {}, { path: '/' }),
      shows: { certificate, key },
    },
  }),
  'service-account-key': ({ token }, trusted) => ({
    'a token for the API servers': use(API_SERVERS, trusted.admin.ca, { token }, SELF),
  }),
};

function use(
  servers: readonly string[],
  ca: string | null,
  credentials: Pick<Probe['client'], 'certificate' | 'key' | 'token'>,
  ask: Probe['ask'],
): Probe {
  return { client: { servers, ca, ...credentials }, ask };
}

/** For everything that one may do with what a keyset signed for a generation: whether every server, or none, accepts it. */
export async function accepted(
  run: Run,
  keyset: string,
  label: string,
): Promise<Readonly<Record<string, Verdict>>> {
  const probes = USES[keyset]?.(run.generation(label), run.generation()) ?? {};
  const answers = await probe(run.topology.load, Object.values(probes));
  return Object.fromEntries(
    Object.keys(probes).map((what, index) => [what, verdict(answers[index] ?? [])]),
  );
}

function verdict(answers: readonly (number | string)[]): Verdict {
  if (answers.every((answer) => typeof answer === 'number' && answer < 300)) return 'by all';
  const isRefused = answers.every((answer) => answer === 401 || isTls(answer));
  return isRefused ? 'by none' : `by some: ${answers.join(', ')}`;
}

/** An alert of the server, which may be lost where it closes at once; or a server that cannot be verified. */
function isTls(answer: number | string): boolean {
  return (
    typeof answer === 'string' &&
    /^(?:ERR_SSL_|ERR_TLS_|EPROTO|CERT_|UNABLE_|ECONNRESET)/u.test(answer)
  );
}
