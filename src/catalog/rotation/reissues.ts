import type { TrustDomain } from '../../model/store/rotation.ts';
import * as authority from './domains/authority.ts';
import * as ca from './domains/ca.ts';
import * as etcd from './domains/etcd-ca.ts';
import * as externalEtcd from './domains/external-etcd-ca.ts';
import { step, stepOn, type RunbookStep } from './runbook.ts';
import { apiServicesAvailable, nodesReady, rollWorkloads } from './steps.ts';

/** kube-controller-manager gives the file as it is to every namespace; printed are those that have another text. */
const ROOT_CONFIG_MAPS = stepOn(
  'a control-plane node',
  'See that kube-root-ca.crt has the new certificate in every namespace',
  'kube-controller-manager writes it when it has started with the new file, as it does in Secrets of type kubernetes.io/service-account-token. Nothing may be printed.',
  'kubectl get configmaps -A --field-selector metadata.name=kube-root-ca.crt -o json | jq -r --rawfile ca /etc/kubernetes/pki/ca.crt \'.items[] | select(.data["ca.crt"] != $ca) | .metadata.namespace\'',
);

/**
 * What follows the restarts where the certificate of an authority was signed again with the same key. Nobody is refused on the way, in
 * any order: what was signed is good under either certificate. But each that has only the one before refuses everybody when that ends.
 */
export const REISSUES: Readonly<Record<TrustDomain, readonly RunbookStep[]>> = {
  ca: [
    ROOT_CONFIG_MAPS,
    ca.CLUSTER_INFO,
    ca.KUBELETS,
    rollWorkloads(
      'A pod reads kube-root-ca.crt when it starts, and refuses the API server when the certificate before has ended.',
    ),
    step('Hand the certificate to those outside of the tree', ca.OUTSIDE),
    ca.CA_BUNDLES,
    nodesReady,
  ],
  'etcd-ca': [
    etcd.HEALTHY,
    etcd.READY,
    step('Hand the certificate to those outside of the tree', etcd.OUTSIDE),
  ],
  'external-etcd-ca': [
    externalEtcd.MEMBERS_TAKE_BUNDLE,
    externalEtcd.HEALTHY,
    etcd.READY,
    step('Hand the certificate to those outside of the tree', externalEtcd.OUTSIDE),
  ],
  'front-proxy-ca': [
    step(
      'Restart extension API servers that read extension-apiserver-authentication at start only',
      'kube-apiserver adds the certificate there, and leaves the one before. Those built with k8s.io/apiserver follow it by themselves.',
    ),
    apiServicesAvailable,
  ],
  'service-account-key': [],
  authority: [authority.READERS, authority.OUTSIDE, authority.KUBEADM],
};
