import type { Evidence } from '../model/store/evidence.ts';
import { SHOWN_DOMAINS, type RotationStatus, type TrustDomain } from '../model/store/rotation.ts';
import type { ExpectedCluster } from './expected.ts';
import type { ClusterView } from './fetch.ts';
import { isWhole, merge, type Finding } from './finding.ts';
import { judgeJwks } from './jwks.ts';
import { judgePods } from './pods.ts';
import { judgePublished } from './published.ts';

interface DomainRow {
  /** What must hold beside that every static pod has started with the stage. */
  readonly also: (expected: ExpectedCluster, view: ClusterView) => readonly Finding[];
  /** Who is outside of the tree, or cannot be looked into. */
  readonly unseen: readonly string[];
}

/** Who reads what a stage changes, by what the keyset is for: `catalog/rotation/` says it to people. */
const DOMAINS: Readonly<Record<TrustDomain, DomainRow>> = {
  'etcd-ca': {
    also: () => [],
    unseen: ['backup jobs, monitoring and others outside of the tree that speak to etcd'],
  },
  'external-etcd-ca': {
    also: () => [],
    unseen: ['the members of an etcd that the cluster does not run: it takes the soak'],
  },
  'front-proxy-ca': {
    also: ({ files }, { authentication }) => [
      judgePublished(files.get('front-proxy-ca.crt'), authentication),
    ],
    unseen: ['extension API servers that read their ConfigMap at start only'],
  },
  'service-account-key': {
    also: (expected, { jwks }) => [judgeJwks(expected, jwks)],
    unseen: ['whoever keeps a copy of the JWKS outside of the cluster'],
  },
  ca: {
    also: () => [],
    unseen: [
      'which trust bundle kubelets, pods and people’s kubeconfigs have loaded: it takes the soak',
    ],
  },
  authority: {
    also: () => [],
    unseen: ['who trusts it, and with what: it takes the soak'],
  },
};

/** What a cluster says of the stage of one keyset. Pure: the same view gives the same words. */
export function judge(
  { domain, unseen }: Pick<RotationStatus, 'domain' | 'unseen'>,
  expected: ExpectedCluster,
  view: ClusterView,
): Evidence {
  const row = DOMAINS[domain];
  const found = merge([judgePods(expected, view.pods), ...row.also(expected, view)]);
  const waits = unseen.map((who) => `${who}: it takes the soak`);
  return {
    ...found,
    unseen: [...waits, ...row.unseen],
    isRolledOut: SHOWN_DOMAINS.has(domain) && unseen.length === 0 && isWhole(found),
  };
}
