import type { JsonValue } from '../model/desired.ts';
import { addressAt } from './names/ip.ts';
import { MANIFESTS_DIR, pki } from './static-pods/places.ts';

/** Below a node's root: where the kubelet of kubeadm's packages looks for it. */
export const KUBELET_CONFIGURATION_FILE = 'var/lib/kubelet/config.yaml';

/**
 * What kubeadm writes for every kubelet (componentconfigs/kubelet.go), less zero values, which mean the kubelet's own defaults, and
 * `resolvConf`, which it finds on the machine. serverTLSBootstrap is its one addition: kubeadm leaves kubelets with a serving
 * certificate that they signed themselves and never renew.
 */
export function kubeletConfiguration(input: {
  readonly serviceSubnets: readonly string[];
  readonly dnsDomain: string;
}): Readonly<Record<string, JsonValue>> {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki('ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    cgroupDriver: 'systemd',
    clusterDNS: input.serviceSubnets.slice(0, 1).map((subnet) => addressAt(subnet, 10)),
    clusterDomain: input.dnsDomain,
    healthzBindAddress: '127.0.0.1',
    healthzPort: 10248,
    rotateCertificates: true,
    serverTLSBootstrap: true,
    staticPodPath: MANIFESTS_DIR,
  };
}
