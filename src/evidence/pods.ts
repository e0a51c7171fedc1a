import { FILES_ANNOTATION } from '../model/placeholder.ts';
import type { ExpectedCluster, ExpectedPod } from './expected.ts';
import { allOr, lacks, type Finding } from './finding.ts';
import { list, record, text, type Fields } from './json.ts';
import type { Fetched } from './kubectl.ts';

/** The kubelet marks what stands for a static pod with it, and puts the annotations of the manifest beside it. */
const MIRROR = 'kubernetes.io/config.mirror';

/**
 * Whether every static pod of the tree runs with the files that the tree has: its mirror pod has the hash of these, which the kubelet
 * makes after the pod before has ended, and is ready. So each process has started with this stage. A static pod of the control plane
 * that the tree does not have could be of an earlier one.
 */
export function judgePods(
  { pods: expected }: Pick<ExpectedCluster, 'pods'>,
  pods: Fetched,
): Finding {
  if ('why' in pods) return lacks(`the pods of kube-system cannot be seen: ${pods.why}`);
  if (expected.length === 0) return lacks('no node bundle of the tree has a static pod');
  const items = list(record(pods.value)['items']).map(record);
  const mirrors = new Map(items.filter(isMirror).map((pod) => [nameOf(pod), pod]));
  const names = new Set(expected.map(({ name, node }) => `${name}-${node}`));
  const missing = expected.flatMap((pod) => {
    const fault = faultOf(pod, mirrors.get(`${pod.name}-${pod.node}`));
    return fault === undefined ? [] : [`${pod.name} of ${pod.node} ${fault}`];
  });
  const strangers = [...mirrors.values()]
    .filter((pod) => !names.has(nameOf(pod)) && isControlPlane(pod, expected))
    .map((pod) => `${nameOf(pod)} runs, which the tree does not have`);
  return allOr(
    [...missing, ...strangers.sort()],
    `all ${expected.length} static pods of the control plane have started with the files of this stage, and are ready`,
  );
}

function faultOf(
  { namespace, node, hash }: ExpectedPod,
  pod: Fields | undefined,
): string | undefined {
  if (namespace !== 'kube-system') return `is not looked for: its namespace is ${namespace}`;
  if (pod === undefined) return 'has no mirror pod';
  const { annotations, deletionTimestamp } = record(pod['metadata']);
  if (text(record(pod['spec'])['nodeName']) !== node) return 'has a mirror pod of another node';
  if (hash === '')
    return 'has an encrypted manifest, so nobody can say with which files it started';
  if (text(record(annotations)[FILES_ANNOTATION]) !== hash)
    return 'runs with other files than those of this stage';
  if (deletionTimestamp !== undefined) return 'is ending';
  const isReady = list(record(pod['status'])['conditions'])
    .map(record)
    .some(({ type, status }) => type === 'Ready' && status === 'True');
  return isReady ? undefined : 'is not ready';
}

const nameOf = (pod: Fields): string => text(record(pod['metadata'])['name']);

const isMirror = (pod: Fields): boolean =>
  text(record(record(pod['metadata'])['annotations'])[MIRROR]) !== '';

/** By the labels that kubeadm gives, and by the names of the pods that the tree has elsewhere. */
function isControlPlane(pod: Fields, expected: readonly ExpectedPod[]): boolean {
  const { tier } = record(record(pod['metadata'])['labels']);
  const node = text(record(pod['spec'])['nodeName']);
  const known = new Set(expected.map(({ name }) => `${name}-${node}`));
  return tier === 'control-plane' || known.has(nameOf(pod));
}
