import { formatDuration } from '../../model/store/duration.ts';
import { extraArgument, trustFlag, type ComponentRow, type NodeInput } from './input.ts';
import { CERTIFICATES_DIR, KUBERNETES_DIR, pki, PORTS, probeHost } from './places.ts';

const KUBECONFIG = `${KUBERNETES_DIR}/controller-manager.conf`;
const PLUGIN_DIR = '/usr/libexec/kubernetes/kubelet-plugins/volume/exec';

/** phases/controlplane/manifests.go: getControllerManagerCommand */
export const KUBE_CONTROLLER_MANAGER: ComponentRow = {
  name: 'kube-controller-manager',
  imageTag: ({ version }) => `v${version}`,
  requests: { cpu: '200m' },
  flags: [
    { name: 'bind-address', value: () => '127.0.0.1' },
    { name: 'leader-elect', value: () => 'true' },
    { name: 'kubeconfig', value: () => KUBECONFIG },
    { name: 'authentication-kubeconfig', value: () => KUBECONFIG },
    { name: 'authorization-kubeconfig', value: () => KUBECONFIG },
    trustFlag('client-ca-file', 'ca.crt'),
    trustFlag('requestheader-client-ca-file', 'front-proxy-ca.crt'),
    trustFlag('root-ca-file', 'ca.crt'),
    { name: 'service-account-private-key-file', value: () => pki('sa.key') },
    { name: 'cluster-signing-cert-file', value: () => pki('cluster-signing-ca.crt') },
    { name: 'cluster-signing-key-file', value: () => pki('ca.key') },
    {
      name: 'cluster-signing-duration',
      value: ({ clusterSigningDuration }) => formatDuration(clusterSigningDuration),
    },
    { name: 'use-service-account-credentials', value: () => 'true' },
    { name: 'controllers', value: () => '*,bootstrapsigner,tokencleaner' },
    { name: 'allocate-node-cidrs', value: (input) => withPods(input, 'true') },
    { name: 'cluster-cidr', value: (input) => withPods(input, input.podSubnets.join(',')) },
    {
      name: 'service-cluster-ip-range',
      value: (input) => withPods(input, input.serviceSubnets.join(',')),
    },
    { name: 'cluster-name', value: ({ clusterName }) => clusterName },
  ],
  volumes: [
    {
      name: 'k8s-certs',
      path: CERTIFICATES_DIR,
      type: 'DirectoryOrCreate',
      readOnly: true,
      reserved: true,
    },
    {
      name: 'ca-certs',
      path: '/etc/ssl/certs',
      type: 'DirectoryOrCreate',
      readOnly: true,
      reserved: false,
    },
    {
      name: 'kubeconfig',
      path: KUBECONFIG,
      type: 'FileOrCreate',
      readOnly: true,
      reserved: true,
    },
    {
      name: 'flexvolume-dir',
      path: (input) =>
        extraArgument(input, 'kube-controller-manager', 'flex-volume-plugin-dir') ?? PLUGIN_DIR,
      type: 'DirectoryOrCreate',
      readOnly: false,
      reserved: false,
    },
  ],
  probe: {
    host: (input) =>
      probeHost(extraArgument(input, 'kube-controller-manager', 'bind-address') ?? '127.0.0.1'),
    port: () => PORTS.controllerManager,
    scheme: () => 'HTTPS',
    liveness: '/healthz',
    readiness: null,
    startup: '/healthz',
  },
  annotations: () => ({}),
};

/** Node CIDRs are allocated only where there is a network for pods. */
const withPods = ({ podSubnets }: NodeInput, value: string): string | undefined =>
  podSubnets.length > 0 ? value : undefined;
