import type { Following, KeysetUser } from '../../model/desired.ts';
import type { TrustDomain } from '../../model/store/rotation.ts';
import { WORKERS } from '../names/tree-name.ts';
import { KUBEADM } from './domains/authority.ts';
import { isAtOnce, isIssuing, rolloutSteps, stepsBefore, type Rollout } from './rollout.ts';
import type { RunbookStep } from './runbook.ts';

/** A cluster and its nodes. */
export interface Place extends Pick<KeysetUser, 'cluster' | 'nodes'> {
  /** Whether nodes wait for no other. */
  readonly isAtOnce: boolean;
}

/** Clusters in which the same follows. */
export interface Places {
  readonly places: readonly Place[];
  /** What it is, and its names. */
  readonly following: readonly { readonly label: string; readonly names: readonly string[] }[];
}

/** Steps, and where to do them. */
export interface RolloutPart {
  /** Null for a keyset of one cluster alone. */
  readonly heading: string | null;
  readonly places: readonly Places[];
  /** What must hold before it is merged. */
  readonly before: readonly RunbookStep[];
  readonly steps: readonly RunbookStep[];
}

/** Those that deliver nothing else, and wait for nobody, last. */
const HEADINGS: Readonly<Record<TrustDomain, string>> = {
  'etcd-ca': 'Clusters that have it as the authority of etcd',
  'external-etcd-ca': 'Clusters that have it as the authority of an etcd that they do not run',
  ca: 'Clusters that have it as the cluster CA',
  'front-proxy-ca': 'Clusters that have it as the authority of the front proxy',
  'service-account-key': 'Clusters that have it as the key of service accounts',
  authority: 'Clusters that have it for what is declared',
};

const LABELS: readonly {
  readonly label: string;
  readonly names: (user: KeysetUser, following: Following) => readonly string[];
}[] = [
  {
    label: 'files of each node that has them',
    names: (_user, { files }) => files.map((path) => `/${path}`),
  },
  { label: 'static pods that restart then', names: (_user, { pods }) => pods },
  {
    label: 'kubeconfigs to fetch anew',
    names: (_user, { kubeconfigs }) => kubeconfigs.map((name) => `kubeconfigs/${name}.conf`),
  },
  {
    label: 'Secrets and other objects to apply',
    names: (_user, { manifests }) => manifests.map((path) => `${path}.yaml`),
  },
];

/**
 * How a stage of a keyset is rolled out, in parts: by what the keyset is for in the clusters that share it, and there by what follows;
 * one part where it is of one cluster alone.
 *
 * @param nodes of its own cluster, in their order.
 */
export function rolloutParts(
  domain: TrustDomain,
  rollout: Rollout,
  nodes: readonly string[],
  users: readonly KeysetUser[],
): readonly RolloutPart[] {
  const purposes = Object.keys(HEADINGS) as TrustDomain[];
  const parts = purposes.flatMap((purpose) => {
    const places = placesOf(
      users.filter((user) => user.domain === purpose),
      rollout,
    );
    if (places.length === 0) return [];
    const steps = rolloutSteps(purpose, rollout, []).filter((one) => one !== KUBEADM);
    return [{ heading: HEADINGS[purpose], places, before: stepsBefore(purpose, rollout), steps }];
  });
  return parts.length > 0
    ? parts
    : [
        {
          heading: null,
          places: [],
          before: stepsBefore(domain, rollout),
          steps: rolloutSteps(domain, rollout, nodes),
        },
      ];
}

function placesOf(users: readonly KeysetUser[], rollout: Rollout): Places[] {
  const groups = new Map<string, { places: Place[]; following: Places['following'] }>();
  for (const user of users) {
    const following = followingOf(user, rollout);
    if (following.length === 0) continue;
    const key = JSON.stringify(following);
    const group = groups.get(key) ?? { places: [], following };
    const { cluster, nodes } = user;
    group.places.push({ cluster, nodes, isAtOnce: isAtOnce(rollout) });
    groups.set(key, group);
  }
  return [...groups.values()];
}

function followingOf(user: KeysetUser, rollout: Rollout): Places['following'] {
  const following = isIssuing(rollout) ? user.issued : user.trusting;
  const facts = LABELS.map(({ label, names }) => ({ label, names: names(user, following) }));
  const below = isIssuing(rollout)
    ? user.authorities.map((name) => `cdk8s-pki rotate ${user.cluster} ${name}`)
    : [];
  return [
    ...facts,
    { label: 'authorities below it, to be rotated before the last stage', names: below },
  ].filter(({ names }) => names.length > 0);
}

/** The parts of which there is something to see before they are merged, with that as their steps. */
export const partsBefore = (parts: readonly RolloutPart[]): readonly RolloutPart[] =>
  parts.flatMap((part) => (part.before.length === 0 ? [] : [{ ...part, steps: part.before }]));

/** A cluster with its nodes, for people: `prod (cp-1, then cp-2, then workers)`, which have one folder together. */
export function placeText(
  { cluster, nodes, isAtOnce: isTogether }: Place,
  name: (text: string) => string,
): string {
  if (nodes.length === 0) return name(cluster);
  const names = nodes.filter((node) => node !== WORKERS).map((node) => name(node));
  const all = nodes.includes(WORKERS) ? [...names, 'workers'] : names;
  return `${name(cluster)} (${all.join(isTogether ? ', ' : ', then ')})`;
}
