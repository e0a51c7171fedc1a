import type { Stage, TransitionName, TrustDomain } from '../../model/store/rotation.ts';
import { REISSUES } from './reissues.ts';
import { REPLACEMENTS } from './replacements.ts';
import { stepOn, type RunbookStep } from './runbook.ts';
import { RUNBOOKS } from './runbooks.ts';
import { askOwnServer } from './steps.ts';

/** Where both entries are trusted, so that nobody is refused in between. */
const ONE_BY_ONE = {
  title: 'Put the changed files on control-plane nodes, one node at a time',
  text: 'Wait until the pods of a node run, and answer, before the next.',
};
const AT_ONCE = {
  title: 'Put the changed files on all control-plane nodes at once',
  text: 'Nodes with old and with new files refuse each other, so there is nothing to wait for.',
};

/** What is rolled out: a transition, or a certificate that was signed again. */
export type Rollout = TransitionName | 'reissue';

/** How it is rolled out; the trust bundle of what goes back from `accept` shrinks, as in the last stage. */
const ROLLOUTS: Readonly<
  Record<Rollout, { readonly like: Stage; readonly order: typeof ONE_BY_ONE }>
> = {
  accept: { like: 'accept', order: ONE_BY_ONE },
  issue: { like: 'issue', order: ONE_BY_ONE },
  retire: { like: 'retire', order: ONE_BY_ONE },
  'abort-accept': { like: 'retire', order: ONE_BY_ONE },
  'abort-issue': { like: 'issue', order: ONE_BY_ONE },
  replace: { like: 'issue', order: AT_ONCE },
  reissue: { like: 'accept', order: ONE_BY_ONE },
};

/** Whether what the keyset signs is issued again, besides what follows its trust bundle. */
export const isIssuing = (rollout: Rollout): boolean => ROLLOUTS[rollout].like === 'issue';

/** Whether nodes wait for no other. */
export const isAtOnce = (rollout: Rollout): boolean => ROLLOUTS[rollout].order === AT_ONCE;

/** What must hold before a rollout is merged; the way back, and what has no time to lose, wait for nothing. */
export function stepsBefore(domain: TrustDomain, rollout: Rollout): readonly RunbookStep[] {
  return isStage(rollout) ? RUNBOOKS[domain].before[rollout] : [];
}

const isStage = (rollout: Rollout): rollout is Stage => ROLLOUTS[rollout].like === rollout;

/** All steps of a rollout, in their order: the control plane first. */
export function rolloutSteps(
  domain: TrustDomain,
  rollout: Rollout,
  nodes: readonly string[],
): readonly RunbookStep[] {
  const { restarts, steps } = RUNBOOKS[domain];
  const { like, order } = ROLLOUTS[rollout];
  const following = followingSteps(domain, rollout) ?? steps[like];
  const pods = restarts[like];
  if (pods.length === 0) return following;
  const names = nodes.length === 0 ? '' : `: ${nodes.join(isAtOnce(rollout) ? ', ' : ', then ')}`;
  const restart = stepOn(
    'each control-plane node',
    `${order.title}${names}`,
    `Changed are files that ${pods.join(', ')} read at start${domain === 'ca' ? ', and kubeconfigs' : ''}. Static pods of the bundle restart by themselves when their manifest has come, the last of the files; without one, or with kubeadm's, move the manifest out of /etc/kubernetes/manifests and back. ${order.text}`,
    'kubectl -n kube-system get pods -l tier=control-plane -o wide',
    ...askOwnServer("get --raw '/readyz?verbose'"),
  );
  return [restart, ...following];
}

function followingSteps(domain: TrustDomain, rollout: Rollout): readonly RunbookStep[] | undefined {
  if (rollout === 'replace') return REPLACEMENTS[domain].steps;
  return rollout === 'reissue' ? REISSUES[domain] : undefined;
}
