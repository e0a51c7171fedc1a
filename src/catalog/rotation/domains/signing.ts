import { pki } from '../../static-pods/places.ts';
import { stepOn } from '../runbook.ts';

/** kube-controller-manager exits where the first file has two certificates (DESIGN §7). */
export const SIGNING_FLAGS = [
  `--cluster-signing-cert-file=${pki('cluster-signing-ca.crt')}`,
  `--cluster-signing-key-file=${pki('ca.key')}`,
] as const;

export const SIGNS_WITH_ONE = stepOn(
  'each control-plane node',
  'See that kube-controller-manager signs with a file of one certificate',
  `With this stage pki/ca.crt has two, with which kube-controller-manager exits. Manifests of the tree, and those that kubeadm writes from its configuration, name another file; all others (no kubernetesVersion is declared), and those that a node has from before, must be changed first. Both must be printed: ${SIGNING_FLAGS.join(' and ')}.`,
  `grep -oe '--cluster-signing-\\(cert\\|key\\)-file=[^"]*' /etc/kubernetes/manifests/kube-controller-manager.yaml`,
);
