/** Names and addresses of the test's cluster. */
export const CLUSTER = 'live';
export const ADMIN = '/etc/kubernetes/admin.conf';
export const NODES = ['cp-1', 'cp-2', 'cp-3'] as const;
export type NodeName = (typeof NODES)[number];
/** cp-3 is a member of etcd alone. */
export const SERVERS = ['cp-1', 'cp-2'] as const;
export const CONTROLLERS = ['kube-controller-manager', 'kube-scheduler'];
export const ADDRESSES: Readonly<Record<NodeName, string>> = {
  'cp-1': '10.10.0.11',
  'cp-2': '10.10.0.12',
  'cp-3': '10.10.0.13',
};
export const WORKERS: Readonly<Record<string, string>> = {
  'worker-1': '10.10.0.21',
  'worker-2': '10.10.0.22',
};
export const LOAD = '10.10.0.30';
/** Of the extension API server, which runs on the machine of the load. */
export const SERVICE = '10.96.0.50';
export const HOSTS = [
  `${ADDRESSES['cp-2']} api.live.example.com`,
  ...NODES.map((node) => `${ADDRESSES[node]} ${node}`),
];
