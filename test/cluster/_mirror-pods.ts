import { load } from 'js-yaml';
import { record } from '../_helpers/fleet-tree.ts';
import * as kubernetes from './_kubernetes.ts';
import type { Machine } from './_machines/machine.ts';

/** One cluster without kubelets: nobody is to remove pods of nodes that have no Node. */
export const CONTROLLERS_WITHOUT_COLLECTOR = '*,-pod-garbage-collector-controller';

/**
 * Puts into the cluster what a kubelet would make of the static pods of a machine once they have started: here no kubelet runs, so the
 * test makes the objects, with the annotations of the manifests that lie on the machine and the one that marks a mirror pod. Those of
 * before go.
 */
export async function mirrorPods(
  machine: Machine,
  client: string,
  names: Iterable<string> = machine.pods().keys(),
): Promise<void> {
  for (const name of names) {
    const manifest = record(load(machine.root.read(`manifests/${name}.yaml`)));
    const metadata = record(manifest['metadata']);
    const pod = {
      ...manifest,
      metadata: {
        ...metadata,
        name: `${name}-${machine.name}`,
        annotations: {
          ...record(metadata['annotations'] ?? {}),
          'kubernetes.io/config.mirror': 'made-by-the-test',
        },
      },
      spec: { ...record(manifest['spec']), nodeName: machine.name },
    };
    const named = [`--kubeconfig=${client}`, '--namespace=kube-system'];
    const which = pod.metadata.name;
    await machine.succeed('kubectl', [
      ...[...named, 'delete', 'pod', which, '--ignore-not-found', '--force', '--grace-period=0'],
    ]);
    await kubernetes.create(machine, client, JSON.stringify(pod));
    await ready(machine, client, which);
  }
}

/** What the kubelet says of a pod whose probes pass. */
async function ready(machine: Machine, client: string, pod: string): Promise<void> {
  const conditions = [{ type: 'Ready', status: 'True' }];
  const patch = { status: { phase: 'Running', conditions } };
  const named = [`--kubeconfig=${client}`, '--namespace=kube-system'];
  const args = ['patch', 'pod', pod, '--subresource=status', `--patch=${JSON.stringify(patch)}`];
  await machine.succeed('kubectl', [...named, ...args]);
}
