import { PkiError } from '../errors.ts';
import type { TrustDomain } from '../model/store/rotation.ts';
import type { ExpectedCluster } from './expected.ts';
import { record, text } from './json.ts';
import { parsed, type ClusterApi, type Fetched } from './kubectl.ts';
import { keysIn } from './published.ts';

/** What was asked of a cluster for one keyset. */
export interface ClusterView {
  readonly pods: Fetched;
  /** kube-system/extension-apiserver-authentication */
  readonly authentication: Fetched;
  /** What each API server publishes of the keys that it trusts, by its node. */
  readonly jwks: ReadonlyMap<string, Fetched>;
}

const NOT_ASKED: Fetched = { why: 'nobody asked' };
const SYSTEM = '/api/v1/namespaces/kube-system';

/** @throws PkiError `ERR_EVIDENCE` where the cluster does not answer, and where it is another one than that of the tree */
export async function guardCluster(
  api: ClusterApi,
  cluster: string,
  { files }: Pick<ExpectedCluster, 'files'>,
): Promise<void> {
  const answer = await api.get(`${SYSTEM}/configmaps/kube-root-ca.crt`);
  const name = `the ConfigMap kube-system/kube-root-ca.crt of "${cluster}"`;
  if ('why' in answer) {
    throw new PkiError('ERR_EVIDENCE', `${name} cannot be seen: ${answer.why}`, {
      hint: answer.hint,
    });
  }
  const found = parsed(answer);
  if ('why' in found) {
    throw new PkiError('ERR_EVIDENCE', `${name} cannot be seen: ${found.why}`, {
      hint: 'see that the context is of a Kubernetes API server',
    });
  }
  const own = keysIn(files.get('ca.crt') ?? '');
  const theirs = keysIn(text(record(record(found.value)['data'])['ca.crt']));
  if ([...theirs].some((key) => own.has(key))) return;
  throw new PkiError(
    'ERR_EVIDENCE',
    `what the context "${cluster}" leads to is another cluster: it has no certificate of the cluster CA of this tree`,
    { hint: 'a context has the name of the cluster in the tree: kubectl config rename-context' },
  );
}

/** Asks for what a keyset of that domain needs, and for no more. */
export async function fetchView(
  api: ClusterApi,
  domain: TrustDomain,
  { servers }: Pick<ExpectedCluster, 'servers'>,
): Promise<ClusterView> {
  const ask = async (path: string, server?: string): Promise<Fetched> =>
    parsed(await api.get(path, server));
  const jwks = new Map<string, Fetched>();
  if (domain === 'service-account-key')
    for (const { node, address } of servers)
      jwks.set(
        node,
        address === null
          ? { why: 'the tree does not say its address' }
          : await ask('/openid/v1/jwks', address),
      );
  return {
    pods: await ask(`${SYSTEM}/pods`),
    authentication:
      domain === 'front-proxy-ca'
        ? await ask(`${SYSTEM}/configmaps/extension-apiserver-authentication`)
        : NOT_ASKED,
    jwks,
  };
}
