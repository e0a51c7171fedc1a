import { load } from 'js-yaml';
import type { Fleet } from './fleet.ts';
import { bundleFolder, CLUSTERS, fromBase64, NODES, readYaml, record, text } from './fleet-tree.ts';

export type Usage = 'server' | 'client';
export type Cluster = (typeof CLUSTERS)[number];
/** The trust domains of a kubeadm cluster. */
export type Domain = 'ca' | 'etcd-ca' | 'front-proxy-ca';

/** A leaf certificate where a consumer finds it, with the authorities that the same consumer is given. */
export interface Chain {
  /** The file, and the member in it. */
  readonly name: string;
  readonly leaf: string;
  readonly roots: string;
  readonly cluster: Cluster;
  readonly domain: Domain;
  readonly usages: readonly Usage[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

interface Expected {
  readonly domain: Domain;
  readonly usages: readonly Usage[];
}

const SERVER: readonly Usage[] = ['server'];
const CLIENT: readonly Usage[] = ['client'];
const PEER: readonly Usage[] = ['server', 'client'];

/** What Kubernetes and etcd use the certificates of a control-plane node for, by file below `pki`. */
const NODE_CERTIFICATES: readonly (readonly [string, Expected])[] = [
  ['apiserver', { domain: 'ca', usages: SERVER }],
  ['apiserver-kubelet-client', { domain: 'ca', usages: CLIENT }],
  ['front-proxy-client', { domain: 'front-proxy-ca', usages: CLIENT }],
  ['apiserver-etcd-client', { domain: 'etcd-ca', usages: CLIENT }],
  ['etcd/server', { domain: 'etcd-ca', usages: PEER }],
  ['etcd/peer', { domain: 'etcd-ca', usages: PEER }],
  ['etcd/healthcheck-client', { domain: 'etcd-ca', usages: CLIENT }],
];

const NODE_KUBECONFIGS = [
  'admin.conf',
  'controller-manager.conf',
  'scheduler.conf',
  'kubelet.conf',
];

const DOMAIN_FILES: Readonly<Record<Domain, string>> = {
  ca: 'ca.crt',
  'etcd-ca': 'etcd/ca.crt',
  'front-proxy-ca': 'front-proxy-ca.crt',
};

/** Addresses of the nodes of the sample fleet, and what its API servers are reached by. */
const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  'cp-1': ['10.10.0.11', 'fd00:10:10::11'],
  'cp-2': ['10.10.0.12', 'fd00:10:10::12'],
  'cp-3': ['10.10.0.13', 'fd00:10:10::13'],
  'node-1': ['192.0.2.10'],
};
const ENDPOINTS: Readonly<Record<Cluster, readonly string[]>> = {
  'prod-eu-1': ['api.prod-eu-1.example.com', 'api.internal.example.com'],
  'edge-1': ['edge-1.example.com'],
};
const WEBHOOK_NAMES = [
  'policy-webhook.kube-system.svc',
  'policy-webhook.kube-system.svc.cluster.local',
];

const NO_NAMES = { dnsNames: [], ipAddresses: [] };

/** The names that kubeadm gives to a node's certificate, written down from its documentation. */
function nodeNames(
  cluster: Cluster,
  node: string,
  file: string,
): Pick<Chain, 'dnsNames' | 'ipAddresses'> {
  const addresses = ADDRESSES[node] ?? [];
  if (file === 'apiserver') {
    const service = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
    return {
      dnsNames: [node, ...service, 'kubernetes.default.svc.cluster.local', ...ENDPOINTS[cluster]],
      ipAddresses: ['10.96.0.1', ...addresses],
    };
  }
  if (file !== 'etcd/server' && file !== 'etcd/peer') return NO_NAMES;
  return { dnsNames: [node, 'localhost'], ipAddresses: ['127.0.0.1', '::1', ...addresses] };
}

/** Every leaf certificate of the fleet: in the store, in bundles, in kubeconfigs and in Secrets. */
export function fleetChains(fleet: Fleet): Chain[] {
  const chains: Chain[] = [];
  for (const place of NODES) {
    const { cluster, node } = place as typeof place & { readonly cluster: Cluster };
    const folder = `${bundleFolder(place)}/etc/kubernetes`;
    for (const [file, expected] of NODE_CERTIFICATES) {
      const common = { cluster, ...expected, ...nodeNames(cluster, node, file) };
      const name = `${folder}/pki/${file}.crt`;
      const roots = fleet.read(`${folder}/pki/${DOMAIN_FILES[expected.domain]}`);
      chains.push({ name, leaf: fleet.read(name), roots, ...common });
      const stored = `deploy/${cluster}/pki/${node}/${file.replace('/', '-')}.sops.yaml`;
      chains.push({ ...storeChain(fleet, stored, cluster, expected.domain), ...common });
    }
    for (const file of NODE_KUBECONFIGS) {
      const common = { cluster, domain: 'ca', usages: CLIENT, ...NO_NAMES } as const;
      chains.push({ ...kubeconfigChain(fleet, `${folder}/${file}`), ...common });
      const stored = `deploy/${cluster}/pki/${node}/${file}.sops.yaml`;
      chains.push({ ...storeChain(fleet, stored, cluster, 'ca'), ...common });
    }
  }
  const cluster = 'prod-eu-1';
  const deployer = { cluster, domain: 'ca', usages: CLIENT, ...NO_NAMES } as const;
  const webhook = {
    cluster,
    domain: 'ca',
    usages: SERVER,
    dnsNames: WEBHOOK_NAMES,
    ipAddresses: [],
  } as const;
  chains.push(
    { ...kubeconfigChain(fleet, `deploy/${cluster}/kubeconfigs/deployer.conf`), ...deployer },
    {
      ...storeChain(fleet, `deploy/${cluster}/pki/deployer.sops.yaml`, cluster, 'ca'),
      ...deployer,
    },
    { ...secretChain(fleet), ...webhook },
    {
      ...storeChain(fleet, `deploy/${cluster}/pki/policy-webhook.sops.yaml`, cluster, 'ca'),
      ...webhook,
    },
  );
  return chains;
}

type Certificates = Pick<Chain, 'name' | 'leaf' | 'roots'>;

function storeChain(fleet: Fleet, name: string, cluster: string, domain: Domain): Certificates {
  const leaf = text(readYaml(fleet, name)['certificate']);
  return { name, leaf, roots: authority(fleet, cluster, domain) };
}

function kubeconfigChain(fleet: Fleet, name: string): Certificates {
  const { clusters, users } = readYaml(fleet, name);
  const cluster = record(record(only(clusters))['cluster']);
  const user = record(record(only(users))['user']);
  return {
    name,
    leaf: fromBase64(user['client-certificate-data']),
    roots: fromBase64(cluster['certificate-authority-data']),
  };
}

export const SECRET = 'deploy/prod-eu-1/manifests/Secret.kube-system.policy-webhook-tls.sops.yaml';

function secretChain(fleet: Fleet): Certificates {
  const data = record(record(load(fleet.read(SECRET)))['data']);
  return { name: SECRET, leaf: fromBase64(data['tls.crt']), roots: fromBase64(data['ca.crt']) };
}

/** The certificate of an authority in the store. */
export function authority(fleet: Fleet, cluster: string, domain: Domain): string {
  const files = fleet.files(`deploy/${cluster}/pki/${domain}`);
  const entry = text(only(files.filter((file) => file.endsWith('.sops.yaml'))));
  return text(readYaml(fleet, entry)['certificate']);
}

function only(list: unknown): unknown {
  if (!Array.isArray(list) || list.length !== 1) throw new TypeError('not a list of one');
  return list[0] as unknown;
}
