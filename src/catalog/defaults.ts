import type { KeyAlgorithm, Seconds } from '../model/names.ts';

export const DAY: Seconds = 86_400;

/** What holds where neither the App nor the Cluster nor the credential says otherwise. */
export const DEFAULTS = {
  keyAlgorithm: 'ECDSA-P256' satisfies KeyAlgorithm as KeyAlgorithm,
  certificateValidity: 365 * DAY,
  caCertificateValidity: 3650 * DAY,
  renewBefore: 90 * DAY,
  jitter: 7 * DAY,
  soak: DAY,
  tree: 'deploy',
  apiServerPort: 6443,
  serviceSubnet: '10.96.0.0/12',
  dnsDomain: 'cluster.local',
  imageRepository: 'registry.k8s.io',
  clusterSigningDuration: 365 * DAY,
} as const;

export const KEY_ALGORITHMS: readonly KeyAlgorithm[] = [
  'RSA-2048',
  'RSA-3072',
  'RSA-4096',
  'ECDSA-P256',
  'ECDSA-P384',
  'Ed25519',
];

/** Of `kubeconfig`, which prints it. Nothing records such a kubeconfig and nothing revokes it: longer ones are declared. */
export const LONGEST_KUBECONFIG: Seconds = 24 * 3600;

/** Room to rotate an authority in: it must outlive its longest leaf by three soaks and this (DESIGN §5). */
export const ROTATION_MARGIN: Seconds = 30 * DAY;

/** A century: longer spans are mistakes, and much longer ones end where no certificate can say (RFC 5280 §4.1.2.5). */
export const LONGEST_SPAN: Seconds = 36_525 * DAY;
