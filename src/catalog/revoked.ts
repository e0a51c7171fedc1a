import type { RevocationStatus } from '../model/store/revocations.ts';
import type { TrustDomain } from '../model/store/rotation.ts';
import { credentialParts } from '../model/names.ts';
import { UNRESTRICTED_GROUP } from './kubeconfigs.ts';

/** What a revoked certificate is still good for, and what people do about it. */
interface Revoked {
  readonly remains: string;
  readonly steps: readonly string[];
}

const HTTP_LISTENER =
  'listen-client-http-urls is set: etcd before 3.5.32 and 3.6.13 then looks at no CRL on its gRPC listener (GHSA-3wh4-j44w-pg92): upgrade it, or do without';

/** @param all of one run: what is done about several of an authority is done in one order. */
type Describe = (status: RevocationStatus, all: readonly RevocationStatus[]) => Revoked;

/**
 * What a revocation comes to, by trust domain: etcd alone looks at a CRL (`--client-crl-file`, `--peer-crl-file`). Kubernetes has no
 * revocation (kubernetes/kubernetes#18982), so that rights or trust must be taken away instead.
 */
export const REVOKED: Readonly<Record<TrustDomain, Describe>> = {
  'etcd-ca': (status, all) => {
    const refuses = 'etcd refuses it from the next handshake on, where the new files are';
    const isServer = status.profile !== 'client';
    return {
      remains: isServer ? `${refuses}; ${POSING}` : refuses,
      steps: [
        rolloutOrder(all.filter(({ authority }) => authority === status.authority)),
        'members read the CRL anew at every handshake; connections that are open stay open: restart members one after the other to end them',
        'without the file that --client-crl-file names etcd refuses everybody: files before manifests',
        ...(status.hasHttpListener ? [HTTP_LISTENER] : []),
        ...(isServer
          ? [`that somebody poses as a member ends earlier with: ${replacement(status)}`]
          : []),
      ],
    };
  },
  ca: (status) =>
    status.profile === 'client'
      ? clientOfApi(status)
      : {
          remains:
            'clients of the API server look at no CRL: who has the old key can pose as this server until then',
          steps: [`end it earlier with: ${replacement(status)}`],
        },
  'front-proxy-ca': (status) => ({
    remains:
      'the API server and extension API servers look at no CRL: who has the old key can name any user and group to them until then',
    steps: [
      `end it with: ${replacement(status)}`,
      'then rebuild ConfigMap kube-system/extension-apiserver-authentication, which the API server only adds to',
    ],
  }),
  'service-account-key': () => ({ remains: 'a key has no certificate', steps: [] }),
  'external-etcd-ca': byOwnCrl,
  authority: byOwnCrl,
};

/** etcd looks at its CRL as a server, and never at that of whom it dials. */
const POSING =
  'but who dials etcd (kube-apiserver, etcdctl, members among each other) looks at no CRL: who has the old key can pose to them as this member until then';

/** Whose new certificate comes first, where there is one. One text for all certificates of the authority, so that there is one order. */
function rolloutOrder(statuses: readonly RevocationStatus[]): string {
  const parts = statuses
    .filter(({ isDeclared }) => isDeclared)
    .map(({ credential }) => credentialParts(credential));
  const users = new Set(
    parts.map(({ node, name }) => (node === null ? `whoever uses "${name}"` : `"${node}"`)),
  );
  const [first, ...others] = users;
  if (first === undefined) return 'roll out the node bundles of all members';
  if (others.length === 0)
    return `roll out the node bundles, ${first} first: until it has its new certificate, members with the CRL refuse it`;
  const nodes = new Set(parts.flatMap(({ node }) => (node === null ? [] : [`"${node}"`])));
  const order = [...nodes, 'all others'].join(', then ');
  return `put the new certificates and keys of ${[...users].join(', ')} in place first, without the CRL: etcd reads them anew at every handshake, and members with the CRL refuse the old ones; then roll out the node bundles: ${order}`;
}

function byOwnCrl(status: RevocationStatus): Revoked {
  return {
    remains: `only programs that are given the CRL of "${status.authority}" refuse it; all others take it until then`,
    steps: [
      `the record of the authority has the CRL, and in a rotation one of each entry; give what is there to what uses the certificate, or end it with: ${replacement(status)}`,
    ],
  };
}

function clientOfApi(status: RevocationStatus): Revoked {
  const { user, groups, bindings, isDeclared } = status;
  const of = groups.length === 0 ? '' : ` of ${groups.map((group) => `"${group}"`).join(', ')}`;
  const remains = `the API server has no revocation: who has the old key is user "${user}"${of} until then`;
  const end = `end it for good with: ${replacement(status)}`;
  if (groups.includes(UNRESTRICTED_GROUP))
    return {
      remains,
      steps: [`no RBAC rule limits "${UNRESTRICTED_GROUP}": nothing else takes its rights`, end],
    };
  return {
    remains,
    steps: [
      ...bindings.map((binding) =>
        isDeclared
          ? `its rights end with ${binding}: take that subject out, and declare the new certificate under another name or group first, which loses them too`
          : `its rights come from ${binding}: they end where that subject is taken out, which only does where nobody else needs it`,
      ),
      ...(user.startsWith('system:')
        ? [
            `Kubernetes itself gives rights to "${user}"${isDeclared ? ', which the new certificate needs as well' : ''}`,
          ]
        : bindings.length === 0
          ? [
              'look for what binds it: kubectl get clusterrolebindings,rolebindings -A -o wide; rights of system:authenticated stay',
            ]
          : []),
      end,
    ],
  };
}

/** A replacement of the authority, in stages or at once. */
function replacement({ authority }: RevocationStatus): string {
  const command = `cdk8s-pki rotate ${authority.replace('/', ' ')}`;
  return `${command} (in stages, without an outage), or ${command} --compromised (at once, with one)`;
}
