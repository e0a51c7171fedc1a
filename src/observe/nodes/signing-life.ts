import type { Seconds } from '../../model/names.ts';
import { treePath } from '../../model/names.ts';
import type { TreeReader } from '../../model/ports.ts';
import { parseDuration } from '../../model/store/duration.ts';
import { layout } from '../../model/store/layout.ts';

/** Where a node's bundle says how kube-controller-manager starts: its static pod, and what kubeadm makes one of. */
const FILES = [
  'etc/kubernetes/manifests/kube-controller-manager.yaml',
  'etc/kubernetes/kubeadm/config.yaml',
];

/** A flag of a command line, and an argument of kubeadm's list. */
const DURATION =
  /(?:--cluster-signing-duration=|name: cluster-signing-duration\s+value: )"?([0-9hms]+)"?/gu;

/** The longest `--cluster-signing-duration` in the tree, of some nodes; 0 where none says it. */
export function observeSigningLife(
  reader: TreeReader,
  tree: string,
  cluster: string,
  nodes: readonly string[],
): Seconds {
  const lives = nodes.flatMap((node) =>
    FILES.flatMap((file) => {
      const content = reader.read(treePath(layout.node(tree, cluster, node), file));
      const text = Buffer.from(content ?? '').toString('utf8');
      return Array.from(text.matchAll(DURATION), ([, span = '']) => parseDuration(span) ?? 0);
    }),
  );
  return Math.max(0, ...lives);
}
