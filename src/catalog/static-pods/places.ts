import { isIpv6 } from '../names/ip.ts';

/** kubeadm's places on a node and its ports (constants.go). */
export const KUBERNETES_DIR = '/etc/kubernetes';
export const CERTIFICATES_DIR = `${KUBERNETES_DIR}/pki`;
export const MANIFESTS_DIR = `${KUBERNETES_DIR}/manifests`;
export const ETCD_DATA_DIR = '/var/lib/etcd';

export const PORTS = {
  etcdClient: 2379,
  etcdPeer: 2380,
  etcdMetrics: 2381,
  controllerManager: 10257,
  scheduler: 10259,
} as const;

export const pki = (file: string): string => `${CERTIFICATES_DIR}/${file}`;

/** What etcd's members refuse, from the first revocation on. */
export const ETCD_CRL = pki('etcd/ca.crl');

/** A host and a port as Go's net.JoinHostPort writes them. */
export const hostPort = (host: string, port: number): string =>
  `${isIpv6(host) ? `[${host}]` : host}:${port}`;

/** The loopback address of the family of `address`. */
export const localhost = (address: string): string => (isIpv6(address) ? '::1' : '127.0.0.1');

export const clientUrl = (address: string): string =>
  `https://${hostPort(address, PORTS.etcdClient)}`;

export const peerUrl = (address: string): string => `https://${hostPort(address, PORTS.etcdPeer)}`;

/** kubeadm probes nothing at an unspecified address: the kubelet then takes the pod's. */
export const probeHost = (address: string): string =>
  address === '0.0.0.0' || address === '::' ? '' : address;
