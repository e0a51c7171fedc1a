/** What the SAN rules draw on; all text is canonical. */
export interface SanSource {
  readonly nodeName: string;
  readonly advertiseAddress: string;
  /** Further addresses of the node. */
  readonly addresses: readonly string[];
  readonly dnsDomain: string;
  /** First address of the first service subnet: the `kubernetes` Service. */
  readonly serviceAddress: string;
  readonly controlPlaneHost: string;
  readonly apiServerCertSans: readonly string[];
  readonly etcdServerCertSans: readonly string[];
  readonly etcdPeerCertSans: readonly string[];
}

export type SanRule = 'apiserver' | 'etcdServer' | 'etcdPeer';

const etcd = (source: SanSource): readonly string[] => [
  source.nodeName,
  'localhost',
  source.advertiseAddress,
  '127.0.0.1',
  '::1',
  ...source.addresses,
];

/** kubeadm's alternative names (pki_helpers.go: GetAPIServerAltNames, getEtcdAltNames), DNS names and addresses mixed. */
export const SAN_RULES: Readonly<Record<SanRule, (source: SanSource) => readonly string[]>> = {
  apiserver: (source) => [
    source.nodeName,
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${source.dnsDomain}`,
    source.serviceAddress,
    source.advertiseAddress,
    ...source.addresses,
    source.controlPlaneHost,
    ...source.apiServerCertSans,
  ],
  etcdServer: (source) => [...etcd(source), ...source.etcdServerCertSans],
  etcdPeer: (source) => [...etcd(source), ...source.etcdPeerCertSans],
};
