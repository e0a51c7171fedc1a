import type { ComponentName } from './input.ts';

export interface Difference {
  readonly component: ComponentName | 'all';
  /** A flag, an annotation, a volume, or the order of a list. */
  readonly kind: 'flag' | 'annotation' | 'volume' | 'order';
  /** A name; or the start of one, with `*` at its end. */
  readonly name: string;
  readonly reason: string;
}

/** Where static pods are not as kubeadm writes them, and why. All else is equal, which a test compares field by field. */
export const DIFFERENCES: readonly Difference[] = [
  {
    component: 'all',
    kind: 'annotation',
    name: 'cdk8s-pki/files',
    reason:
      'the kubelet restarts a pod when its manifest changes, not when a file does (kubernetes/kubeadm#2308)',
  },
  {
    component: 'kube-controller-manager',
    kind: 'flag',
    name: 'cluster-signing-cert-file',
    reason:
      'ca.crt holds two certificates during a rotation; with two, kube-controller-manager exits',
  },
  {
    component: 'kube-controller-manager',
    kind: 'flag',
    name: 'cluster-signing-duration',
    reason:
      'a retired authority must stay trusted this long, so that it is said and not left to a default',
  },
  {
    component: 'etcd',
    kind: 'flag',
    name: 'initial-cluster',
    reason:
      'all members of a new cluster start together; kubeadm starts one and asks it for the others',
  },
  {
    component: 'etcd',
    kind: 'flag',
    name: 'initial-cluster-state',
    reason: 'said for every member, because it is frozen with --initial-cluster',
  },
  ...['client-crl-file', 'peer-crl-file'].map((name): Difference => ({
    component: 'etcd',
    kind: 'flag',
    name,
    reason: 'kubeadm revokes nothing; the flag is rendered from the first revocation on',
  })),
  {
    component: 'etcd',
    kind: 'order',
    name: 'volumeMounts',
    reason: 'by name, as in the other pods',
  },
  ...(['kube-apiserver', 'kube-controller-manager'] as const).flatMap((component) =>
    ['etc-*', 'usr-*'].map((name): Difference => ({
      component,
      kind: 'volume',
      name,
      reason:
        'kubeadm mounts the certificate folders that it finds on its machine; where they are needed, extraVolumes names them',
    })),
  ),
];
