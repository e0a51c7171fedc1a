import test from 'ava';
import { toolTest } from '../_helpers/tool-test.ts';
import type { Fleet } from '../_helpers/fleet.ts';
import type { ControlPlane } from './_machines/control-plane.ts';

export const CLUSTER_TOOLS = [
  ...(['age-keygen', 'sops', 'openssl', 'kubectl', 'ip', 'unshare', 'nsenter'] as const),
  ...(['etcd', 'etcdctl', 'kube-apiserver', 'kube-controller-manager'] as const),
  ...(['kube-scheduler', 'kubelet', 'jq'] as const),
];

/** A test of a running cluster: it needs all the programs, and root for namespaces. Tests of a file build on each other. */
export const clusterTest = toolTest(CLUSTER_TOOLS, { serial: true, root: true });

/** Prints the ends of all logs after a test that failed; after the last one ends all machines and removes their files. */
export function watch(fleet: () => Fleet | undefined, plane: () => ControlPlane | undefined): void {
  test.afterEach.always((t) => {
    if (!t.passed) t.log(plane()?.logs() ?? 'no machine has started');
  });
  test.after.always(async () => {
    await plane()?.end();
    fleet()?.remove();
  });
}
