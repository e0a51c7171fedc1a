import type { Stage, TrustDomain } from '../../../src/model/store/rotation.ts';

/** Who needs a step, and what tells it from all others: mostly what its commands do, where it has any. */
export type Consumers = Readonly<Record<string, RegExp>>;

interface Consumed {
  /** Who must have followed the stage before, and is looked at before this one is merged. */
  readonly before: Consumers;
  /** Who follows this one, besides the static pods. */
  readonly after: Consumers;
}

const COUNTED = (key: string): RegExp =>
  new RegExp(`^kubectl .* configmap extension-\\S+ -o jsonpath='\\{\\.data\\.${key}\\}'`, 'mu');
const REBUILT = (key: string): RegExp => new RegExp(`\\.data\\["${key}"\\] = .* replace -f -`, 'u');

const KUBEADM: Consumers = { 'kubeadm, which signs by itself': /^Keep kubeadm from signing/mu };
const LOGS: Consumers = { 'nodes, and the logs of all': /get nodes\n.*x509\|tls:/u };
const API_SERVICES: Consumers = { 'extension API servers': /^kubectl get apiservices \| grep/mu };
const OUTSIDE_OF_CA =
  /cloud-controller-manager, CNI kubeconfigs .*monitoring, CI, other clusters, .*of people/u;

/** Everybody who has the bundle of the cluster CA in a copy of their own. */
const HOLDERS: Consumers = {
  'cluster-info, from which kubeadm join learns it': /get configmap cluster-info/u,
  'kubelets, which read kubelet.conf at start':
    /set-cluster .*--embed-certs=true\nsystemctl restart kubelet/u,
  'pods, Flux and Argo CD, which read kube-root-ca.crt at start': /rollout restart/u,
  'webhooks, APIServices and CRDs with a caBundle': /\.caBundle\?/u,
};
const ROOT_CONFIG_MAPS = (count: 1 | 2): Consumers => ({
  'kube-root-ca.crt of every namespace': new RegExp(
    `name=kube-root-ca.crt .* - 1\\) != ${count}\\)`,
    'u',
  ),
});

/** Programs that ask for the CRL of the entry that signed, where there is one: by what the step says of it. */
const CRLS = (text: RegExp): Consumers => ({
  'who is given the CRL': new RegExp(`${text.source}.*\\nsed -n .*X509 CRL`, 'su'),
});
const CRLS_FIRST = CRLS(/before it is merged/u);
const CRLS_TOGETHER = CRLS(/Until the last stage/u);
const CRL_LEFT = CRLS(/Together with the bundle/u);

const HEALTHY: Consumers = {
  'each member of etcd before the next one': /^each member of etcd\n.*endpoint health --cluster/su,
};
const MEMBERS_HEALTHY: Consumers = {
  'members, asked with the files of an API server': /\$url\/health/u,
};
const READY: Consumers = { 'API servers as clients of etcd': /\/readyz\/etcd/u };
const KEPT_TOKENS: Consumers = {
  'tokens in Secrets, which nobody signs again':
    /get secrets .*type=kubernetes.io\/service-account-token/u,
  'tokens that live longer than they asked for': /serviceaccount_stale_tokens_total/u,
};
const REFUSED_TOKENS: Consumers = { 'who has a token that is refused': /authentication_attempts/u };
const JWKS = (count: 1 | 2): Consumers => ({
  'who keeps the JWKS outside of the cluster': new RegExp(
    `It must say ${count} of .*openid/v1/jwks`,
    'su',
  ),
});
const FRONT_PROXY: Consumers = { 'requests through the front proxy': /\/apis\/metrics\.k8s\.io/u };
const RESTARTED: Consumers = {
  'extension API servers that read the ConfigMap at start': /^kubectl get apiservices -o json/mu,
};
const ISSUED_BY_FIRST = (names: string): RegExp =>
  new RegExp(`for name in ${names}; do openssl verify`, 'u');
const ETCD_FILES = 'etcd/server etcd/peer etcd/healthcheck-client apiserver-etcd-client';
const MEMBERS_SHOW: Consumers = { 'what members show': /s_client .*-partial_chain/u };
const BACKUPS = (title: RegExp): RegExp =>
  new RegExp(`${title.source}.*Backup jobs, monitoring`, 'su');
const READERS: Consumers = {
  'who reads the bundle from objects and files of the tree':
    /Secrets, ConfigMaps, caBundle of webhooks/u,
  'trust stores outside of the tree': /Trust stores of machines/u,
  'a control plane that was given it': /Where a KubeadmCluster was given it/u,
};
const BELOW: Consumers = { 'authorities below it': /^Rotate the authorities below it$/mu };
const SHOWN: Consumers = { 'what servers show': /s_client -connect "\$ADDRESS"/u };

/** After DESIGN §7, which names the consumers: each needs one step at each stage that changes what it reads, or what it shows. */
export const CONSUMED: Readonly<Record<TrustDomain, Readonly<Record<Stage, Consumed>>>> = {
  ca: {
    accept: {
      before: { ...KUBEADM, 'a kube-controller-manager with a file of two': /cluster-signing/u },
      after: {
        'components with delegated authentication': COUNTED('client-ca-file'),
        ...ROOT_CONFIG_MAPS(2),
        ...HOLDERS,
        'those outside of the tree': OUTSIDE_OF_CA,
        ...LOGS,
      },
    },
    issue: {
      before: {
        ...KUBEADM,
        'components with delegated authentication': COUNTED('client-ca-file'),
        ...ROOT_CONFIG_MAPS(2),
        'kubelets, which must trust both': /certificate-authority-data.* cmp - /u,
        ...LOGS,
      },
      after: {
        'workers, by the first certificate of ca.crt':
          /nodes\/_worker, where it is declared. It has both/u,
        'client certificates of kubelets':
          /signerName: kubernetes.io\/kube-apiserver-client-kubelet/u,
        'nodes that cannot ask for one':
          /^rm \/etc\/kubernetes\/kubelet.conf .*; systemctl restart kubelet$/mu,
        'serving certificates of kubelets: asked for':
          /signerName: kubernetes.io\/kubelet-serving/u,
        'serving certificates of kubelets: approved': /certificate approve/u,
        'serving certificates of kubelets: taken': /ln -sfn "\$next" kubelet-server-current.pem/u,
        'servers in the cluster': /get secrets .*type=kubernetes.io\/tls/u,
        'credentials outside of the tree': OUTSIDE_OF_CA,
        ...API_SERVICES,
        ...LOGS,
      },
    },
    retire: {
      before: {
        ...KUBEADM,
        'client certificates of kubelets': /openssl verify .*kubelet-client-current.pem/u,
        'serving certificates of kubelets': /openssl verify .*kubelet-server-current.pem/u,
        'API servers, by what they show':
          /s_client .*SERVER.*cluster-signing-ca.crt -partial_chain/u,
        ...API_SERVICES,
        'credentials outside of the tree': OUTSIDE_OF_CA,
        ...LOGS,
      },
      after: {
        'components with delegated authentication': REBUILT('client-ca-file'),
        ...ROOT_CONFIG_MAPS(1),
        ...HOLDERS,
        ...API_SERVICES,
        ...LOGS,
      },
    },
  },
  'etcd-ca': {
    accept: {
      before: { ...KUBEADM, ...HEALTHY },
      after: { ...HEALTHY, ...READY, 'those outside of the tree': BACKUPS(/the bundle/u) },
    },
    issue: {
      before: { ...KUBEADM, ...HEALTHY, ...READY, 'those outside': BACKUPS(/has the bundle/u) },
      after: {
        ...HEALTHY,
        ...READY,
        'peers, servers and clients on each node': ISSUED_BY_FIRST(ETCD_FILES),
        'those outside of the tree': BACKUPS(/new credentials/u),
      },
    },
    retire: {
      before: {
        ...KUBEADM,
        ...HEALTHY,
        ...READY,
        'peers, servers and clients on each node': ISSUED_BY_FIRST(ETCD_FILES),
        'those outside of the tree': BACKUPS(/has new credentials/u),
      },
      after: { ...HEALTHY, ...READY },
    },
  },
  'external-etcd-ca': {
    accept: {
      before: { ...KUBEADM, ...MEMBERS_HEALTHY },
      after: {
        'members of etcd, which are not of the tree': /^Give the bundle to the members/mu,
        ...MEMBERS_HEALTHY,
        ...READY,
        'those outside of the tree': BACKUPS(/the bundle/u),
      },
    },
    issue: {
      before: {
        ...KUBEADM,
        ...MEMBERS_HEALTHY,
        ...READY,
        'members, which must trust both': /Acceptable client certificate CA names/u,
        'those outside of the tree': BACKUPS(/has the bundle/u),
        ...CRLS_FIRST,
      },
      after: {
        'API servers as clients': ISSUED_BY_FIRST('apiserver-etcd-client'),
        ...CRLS_TOGETHER,
        'members of etcd, which are not of the tree': /^Give every member of etcd a certificate/mu,
        ...MEMBERS_HEALTHY,
        ...READY,
        ...MEMBERS_SHOW,
        'those outside of the tree': BACKUPS(/new credentials/u),
      },
    },
    retire: {
      before: {
        ...KUBEADM,
        ...MEMBERS_HEALTHY,
        ...READY,
        'API servers as clients': ISSUED_BY_FIRST('apiserver-etcd-client'),
        ...MEMBERS_SHOW,
        'those outside of the tree': BACKUPS(/has new credentials/u),
      },
      after: {
        'members of etcd, which are not of the tree': /^Give the bundle to the members/mu,
        ...MEMBERS_HEALTHY,
        ...READY,
        ...CRL_LEFT,
      },
    },
  },
  'front-proxy-ca': {
    accept: {
      before: { ...KUBEADM, ...API_SERVICES },
      after: {
        'extension API servers that watch': COUNTED('requestheader-client-ca-file'),
        ...RESTARTED,
        ...API_SERVICES,
      },
    },
    issue: {
      before: {
        ...KUBEADM,
        'extension API servers that watch': COUNTED('requestheader-client-ca-file'),
        ...API_SERVICES,
      },
      after: { ...API_SERVICES, ...FRONT_PROXY },
    },
    retire: {
      before: { ...KUBEADM, ...API_SERVICES, ...FRONT_PROXY },
      after: {
        'extension API servers that watch': REBUILT('requestheader-client-ca-file'),
        ...RESTARTED,
        ...API_SERVICES,
      },
    },
  },
  'service-account-key': {
    accept: { before: KUBEADM, after: { ...JWKS(2), ...REFUSED_TOKENS } },
    issue: {
      before: { ...KUBEADM, ...JWKS(2), ...REFUSED_TOKENS },
      after: {
        'pods, which read their token again': /^Let pods fetch their tokens anew$/mu,
        ...KEPT_TOKENS,
        ...REFUSED_TOKENS,
      },
    },
    retire: {
      before: { ...KUBEADM, ...KEPT_TOKENS, ...REFUSED_TOKENS },
      after: { ...JWKS(1), ...REFUSED_TOKENS },
    },
  },
  authority: {
    accept: { before: {}, after: READERS },
    issue: {
      before: {
        'who trusts it, outside of the tree as well': /whoever trusts it has the bundle/u,
        ...CRLS_FIRST,
      },
      after: {
        ...CRLS_TOGETHER,
        'servers and clients of it': /Every certificate of it was issued again/u,
        ...SHOWN,
        ...BELOW,
        'a control plane that was given it': READERS['a control plane that was given it'] ?? /^$/u,
      },
    },
    retire: {
      before: {
        ...SHOWN,
        ...BELOW,
        'clients, outside of the tree as well': /clients have loaded their new certificates/u,
      },
      after: { ...READERS, ...CRL_LEFT },
    },
  },
};
