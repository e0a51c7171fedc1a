import { treePath, type TreePath } from '../../model/names.ts';
import type { Side } from '../read/side.ts';
import type { NodeRestarts, PodRestart } from '../report.ts';

const MANIFEST = /^etc\/kubernetes\/manifests\/([^/]+)\.ya?ml$/u;
/** With `controlPlane: 'kubeadm'`: the pod is made by `kubeadm init` and `kubeadm upgrade`, and patched. */
const PATCH = /^etc\/kubernetes\/kubeadm\/patches\/([a-z-]+?)(?:\d*\+[a-z]+)?\.ya?ml$/u;
/** What the kubelet reads when it starts; its client CA it reads again by itself. */
const KUBELET = /^(?:etc\/kubernetes\/kubelet\.conf|var\/lib\/kubelet\/config\.yaml)$/u;

/** Within a node: what the others need starts first. */
const PODS = ['kubelet', 'etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];

/** What starts anew where the differing files are installed: one node after the other, workers last. */
export function restartsOf(
  base: Side,
  head: Side,
  cluster: TreePath,
  files: readonly TreePath[],
): NodeRestarts[] {
  const byNode = new Map<string, string[]>();
  const folder = `${treePath(cluster, 'nodes')}/`;
  for (const file of files) {
    if (!file.startsWith(folder)) continue;
    const [node = '', ...rest] = file.slice(folder.length).split('/');
    if (rest.length > 0) byNode.set(node, [...(byNode.get(node) ?? []), rest.join('/')]);
  }
  return [...byNode]
    .map(([node, paths]) => ({ node, pods: podsOf(base, head, `${folder}${node}`, paths) }))
    .filter(({ pods }) => pods.length > 0)
    .sort((a, b) => rank(a.node) - rank(b.node) || (a.node < b.node ? -1 : 1));
}

function podsOf(base: Side, head: Side, folder: string, paths: readonly string[]): PodRestart[] {
  const place = (path: string): TreePath => treePath(folder, path);
  const kubelet = paths
    .filter((path) => KUBELET.test(path))
    .filter((path) => inClear(base.text(place(path))) !== inClear(head.text(place(path))))
    .map((path) => `/${path}`);
  const pods = paths.flatMap((path): PodRestart[] => {
    const name = (MANIFEST.exec(path) ?? PATCH.exec(path))?.[1];
    if (name === undefined) return [];
    const [before, after] = [base.text(place(path)), head.text(place(path))];
    const change = before === undefined ? 'start' : after === undefined ? 'stop' : 'restart';
    const reads = paths.filter((other) => other !== path && after?.includes(`/${other}`) === true);
    return [{ name, change, reads: reads.map((other) => `/${other}`) }];
  });
  const isNew = base.list(treePath(folder)).length === 0;
  const own: PodRestart[] =
    kubelet.length === 0
      ? []
      : [{ name: 'kubelet', change: isNew ? 'start' : 'restart', reads: kubelet }];
  return [...own, ...pods].sort(
    (a, b) => order(a.name) - order(b.name) || (a.name < b.name ? -1 : 1),
  );
}

/** A new key comes with a new certificate: what was only encrypted again is the same for the kubelet. */
function inClear(text: string | undefined): string | undefined {
  return text?.replace(/^sops:\n(?: .*\n)*/mu, '').replaceAll(/ENC\[[^\]]*\]/gu, '');
}

const rank = (node: string): number => (node === '_worker' ? 1 : 0);

const order = (pod: string): number => {
  const index = PODS.indexOf(pod);
  return index === -1 ? PODS.length : index;
};
