import test from 'ava';
import { toolTest } from '../_helpers/tool-test.ts';
import type { ControlPlane } from './_machines/control-plane.ts';

/** A test of a running cluster: it needs all the programs, and root for namespaces. Tests of a file build on each other. */
export const clusterTest = toolTest(
  [
    ...(['age-keygen', 'sops', 'openssl', 'kubectl', 'ip', 'unshare', 'nsenter'] as const),
    ...(['etcd', 'etcdctl', 'kube-apiserver', 'kube-controller-manager'] as const),
    ...(['kube-scheduler', 'kubelet'] as const),
  ],
  { serial: true, root: true },
);

/** Prints the ends of all logs after a test that failed, and ends all machines after the last one. */
export function watch(plane: () => ControlPlane | undefined): void {
  test.afterEach.always((t) => {
    if (!t.passed) t.log(plane()?.logs() ?? 'no machine has started');
  });
  test.after.always(() => plane()?.end());
}
