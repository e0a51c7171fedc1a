import { PLACEHOLDERS } from '../../model/placeholder.ts';
import { extraArgument, trustFlag, type ComponentRow, type NodeInput } from './input.ts';
import {
  clientUrl,
  ETCD_CRL,
  ETCD_DATA_DIR,
  hostPort,
  localhost,
  peerUrl,
  pki,
  PORTS,
} from './places.ts';
import { ETCD_IMAGE_TAGS, minorOf } from './versions.ts';

/** The flags of etcd 3.6, which comes with 1.34, differ from those of etcd 3.5. */
const ETCD_36 = 34;

/** A member of the cluster's own etcd (phases/etcd/local.go). */
export const ETCD: ComponentRow = {
  name: 'etcd',
  imageTag: ({ version }) => ETCD_IMAGE_TAGS[minorOf(version)] ?? '',
  requests: { cpu: '100m', memory: '100Mi' },
  flags: [
    { name: 'name', value: ({ nodeName }) => nodeName },
    {
      name: 'listen-client-urls',
      value: ({ advertiseAddress: own }) => `${clientUrl(localhost(own))},${clientUrl(own)}`,
    },
    { name: 'advertise-client-urls', value: ({ advertiseAddress }) => clientUrl(advertiseAddress) },
    { name: 'listen-peer-urls', value: ({ advertiseAddress }) => peerUrl(advertiseAddress) },
    {
      name: 'initial-advertise-peer-urls',
      value: ({ advertiseAddress }) => peerUrl(advertiseAddress),
    },
    { name: 'initial-cluster', value: () => PLACEHOLDERS.initialCluster },
    { name: 'initial-cluster-state', value: () => PLACEHOLDERS.initialClusterState },
    { name: 'data-dir', value: () => ETCD_DATA_DIR },
    { name: 'cert-file', value: () => pki('etcd/server.crt') },
    { name: 'key-file', value: () => pki('etcd/server.key') },
    trustFlag('trusted-ca-file', 'etcd/ca.crt'),
    { name: 'client-cert-auth', value: () => 'true' },
    { name: 'client-crl-file', value: crlFile },
    { name: 'peer-cert-file', value: () => pki('etcd/peer.crt') },
    { name: 'peer-key-file', value: () => pki('etcd/peer.key') },
    trustFlag('peer-trusted-ca-file', 'etcd/ca.crt'),
    { name: 'peer-client-cert-auth', value: () => 'true' },
    { name: 'peer-crl-file', value: crlFile },
    { name: 'snapshot-count', value: () => '10000' },
    { name: 'listen-metrics-urls', value: metricsUrl },
    { name: 'feature-gates', value: () => 'InitialCorruptCheck=true', since: ETCD_36 },
    { name: 'watch-progress-notify-interval', value: () => '5s', since: ETCD_36 },
    { name: 'experimental-initial-corrupt-check', value: () => 'true', until: ETCD_36 - 1 },
    {
      name: 'experimental-watch-progress-notify-interval',
      value: () => '5s',
      until: ETCD_36 - 1,
    },
  ],
  volumes: [
    {
      name: 'etcd-data',
      path: ETCD_DATA_DIR,
      type: 'DirectoryOrCreate',
      readOnly: false,
      reserved: true,
    },
    {
      name: 'etcd-certs',
      path: pki('etcd'),
      type: 'DirectoryOrCreate',
      readOnly: false,
      reserved: true,
    },
  ],
  probe: {
    host: (input) => metricsEndpoint(input).host,
    port: (input) => metricsEndpoint(input).port,
    scheme: (input) => metricsEndpoint(input).scheme,
    liveness: '/livez',
    readiness: '/readyz',
    startup: '/readyz',
  },
  annotations: ({ advertiseAddress }) => ({
    'kubeadm.kubernetes.io/etcd.advertise-client-urls': clientUrl(advertiseAddress),
  }),
};

/** From the first revocation on. */
function crlFile(): string {
  return `${ETCD_CRL}${PLACEHOLDERS.withCrl}`;
}

function metricsUrl({ advertiseAddress }: NodeInput): string {
  return `http://${hostPort(localhost(advertiseAddress), PORTS.etcdMetrics)}`;
}

/** The first URL of `--listen-metrics-urls` (util/staticpod: GetEtcdProbeEndpoint). */
function metricsEndpoint(input: NodeInput) {
  const [text = ''] = (extraArgument(input, 'etcd', 'listen-metrics-urls') ?? '').split(',');
  const parts = /^(?<scheme>https?):\/\/(?<host>\[[^\]]*\]|[^/:]*)(?::(?<port>\d+))?/u.exec(text);
  const { scheme, host = '', port } = parts?.groups ?? {};
  return {
    scheme: scheme === 'https' ? ('HTTPS' as const) : ('HTTP' as const),
    host: host.replace(/^\[|\]$/gu, '') || localhost(input.advertiseAddress),
    port: port === undefined ? PORTS.etcdMetrics : Number(port),
  };
}
