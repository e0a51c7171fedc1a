import { DEFAULTS } from '../defaults.ts';
import { extraArgument, trustFlag, type ComponentRow, type NodeInput } from './input.ts';
import { clientUrl, CERTIFICATES_DIR, hostPort, localhost, pki, probeHost } from './places.ts';

const AUTHORIZATION_MODES = ['Node', 'RBAC', 'Webhook', 'ABAC', 'AlwaysAllow', 'AlwaysDeny'];

/** phases/controlplane/manifests.go: getAPIServerCommand */
export const KUBE_APISERVER: ComponentRow = {
  name: 'kube-apiserver',
  imageTag: ({ version }) => `v${version}`,
  requests: { cpu: '250m' },
  flags: [
    { name: 'advertise-address', value: ({ advertiseAddress }) => advertiseAddress },
    { name: 'enable-admission-plugins', value: () => 'NodeRestriction' },
    { name: 'service-cluster-ip-range', value: ({ serviceSubnets }) => serviceSubnets.join(',') },
    trustFlag('service-account-key-file', 'sa.pub', true),
    { name: 'service-account-signing-key-file', value: () => pki('sa.key') },
    {
      name: 'service-account-issuer',
      value: ({ dnsDomain }) => `https://kubernetes.default.svc.${dnsDomain}`,
    },
    trustFlag('client-ca-file', 'ca.crt'),
    { name: 'tls-cert-file', value: () => pki('apiserver.crt') },
    { name: 'tls-private-key-file', value: () => pki('apiserver.key') },
    { name: 'kubelet-client-certificate', value: () => pki('apiserver-kubelet-client.crt') },
    { name: 'kubelet-client-key', value: () => pki('apiserver-kubelet-client.key') },
    { name: 'enable-bootstrap-token-auth', value: () => 'true' },
    { name: 'secure-port', value: () => String(DEFAULTS.apiServerPort) },
    { name: 'allow-privileged', value: () => 'true' },
    { name: 'kubelet-preferred-address-types', value: () => 'InternalIP,ExternalIP,Hostname' },
    { name: 'requestheader-username-headers', value: () => 'X-Remote-User' },
    { name: 'requestheader-group-headers', value: () => 'X-Remote-Group' },
    { name: 'requestheader-extra-headers-prefix', value: () => 'X-Remote-Extra-' },
    trustFlag('requestheader-client-ca-file', 'front-proxy-ca.crt'),
    { name: 'requestheader-allowed-names', value: () => 'front-proxy-client' },
    { name: 'proxy-client-cert-file', value: () => pki('front-proxy-client.crt') },
    { name: 'proxy-client-key-file', value: () => pki('front-proxy-client.key') },
    { name: 'etcd-servers', value: etcdServers },
    trustFlag('etcd-cafile', 'etcd/ca.crt'),
    { name: 'etcd-certfile', value: () => pki('apiserver-etcd-client.crt') },
    { name: 'etcd-keyfile', value: () => pki('apiserver-etcd-client.key') },
    { name: 'authorization-mode', value: authorizationMode },
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
  ],
  probe: {
    host: ({ advertiseAddress }) => probeHost(advertiseAddress),
    port: () => DEFAULTS.apiServerPort,
    scheme: () => 'HTTPS',
    liveness: '/livez',
    readiness: '/readyz',
    startup: '/livez',
  },
  annotations: ({ advertiseAddress }) => ({
    'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': hostPort(
      advertiseAddress,
      DEFAULTS.apiServerPort,
    ),
  }),
};

function etcdServers(input: NodeInput): string {
  return (
    input.etcdEndpoints?.join(',') ??
    extraArgument(input, 'etcd', 'advertise-client-urls') ??
    clientUrl(localhost(input.advertiseAddress))
  );
}

/** Left to a structured configuration where there is one; modes that kubeadm does not know are ignored, as it does. */
function authorizationMode(input: NodeInput): string | undefined {
  const [mode, config] = ['authorization-mode', 'authorization-config'].map((name) =>
    extraArgument(input, 'kube-apiserver', name),
  );
  if (config !== undefined) return undefined;
  const known = (mode ?? '').split(',').filter((name) => AUTHORIZATION_MODES.includes(name));
  return known.length > 0 ? known.join(',') : 'Node,RBAC';
}
