import type { Stage } from '../../model/store/rotation.ts';
import { step, type Runbook, type RunbookStep } from './runbook.ts';

/** All steps of a stage in their order: the control plane first, one node at a time. */
export function stageSteps(
  { restarts, steps }: Runbook,
  stage: Stage,
  nodes: readonly string[],
): readonly RunbookStep[] {
  const pods = restarts[stage];
  if (pods.length === 0) return steps[stage];
  const names = nodes.length === 0 ? '' : `: ${nodes.join(', then ')}`;
  const restart = step(
    `Put the changed files on control-plane nodes, one node at a time${names}`,
    `Changed are files that ${pods.join(', ')} read at start, and kubeconfigs. Static pods of the bundle restart by themselves when their manifest has come, the last of the files; without one, or with kubeadm's, move the manifest out of /etc/kubernetes/manifests and back. Wait until the pods of a node run, and answer, before the next.`,
    'kubectl -n kube-system get pods -l tier=control-plane -o wide',
    "kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw '/readyz?verbose'",
  );
  return [restart, ...steps[stage]];
}
