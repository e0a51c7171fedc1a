import { DEFAULTS } from '../../catalog/defaults.ts';
import type { Canonical } from '../../catalog/names/canonical.ts';
import { hostName } from '../../catalog/names/dns.ts';
import { endpoint, endpointUrl, serverUrl } from '../../catalog/names/endpoint.ts';
import { cidr, firstAddress, isIpv6, nodeAddress, serviceSubnet } from '../../catalog/names/ip.ts';
import { san } from '../../catalog/names/san.ts';
import { nodeName } from '../../catalog/names/tree-name.ts';
import type { SanSource } from '../../catalog/sans.ts';
import { PORTS } from '../../catalog/static-pods/places.ts';
import { kubernetesVersion, minorOf } from '../../catalog/static-pods/versions.ts';
import type { ControlPlaneNode, KubeadmClusterProps } from './props.ts';

/** The names and addresses of a cluster in canonical text; what could not be read is left out and is a problem. */
export interface Topology {
  readonly server: string;
  /** Of the Kubernetes version; the newest where none is declared. */
  readonly minor: number;
  /** `1.34.4`; undefined where none is declared. */
  readonly version: string | undefined;
  readonly nodes: readonly TopologyNode[];
  readonly dnsDomain: string;
  readonly serviceSubnets: readonly string[];
  readonly podSubnets: readonly string[];
  /** What certificates of every node name. */
  readonly sans: Omit<SanSource, keyof NodeSans>;
  /** URLs of an external etcd; null where it is stacked. */
  readonly etcdEndpoints: readonly string[] | null;
  readonly problems: readonly string[];
}

type NodeSans = Pick<SanSource, 'nodeName' | 'advertiseAddress' | 'addresses'>;

export interface TopologyNode extends Omit<NodeSans, 'nodeName'> {
  readonly name: string;
  readonly recipients: readonly string[];
  /** URL of the API server on the node itself. */
  readonly server: string;
}

/** What certificates of one node name. */
export const sansOf = (
  { sans }: Topology,
  { name, advertiseAddress, addresses }: TopologyNode,
): SanSource => ({ ...sans, nodeName: name, advertiseAddress, addresses });

/** One for all clusters: of what is usually not given, a fleet has tens of thousands. */
const NONE: readonly never[] = [];

export function readTopology(props: KubeadmClusterProps): Topology {
  const problems: string[] = [];
  const read = (label: string, { value, problem }: Canonical): string[] => {
    if (problem !== undefined) problems.push(`${label} ${problem}`);
    return value === undefined ? [] : [value];
  };
  const readAll = (
    label: string,
    texts: readonly string[] = NONE,
    rule = san,
  ): readonly string[] =>
    texts.length === 0 ? NONE : texts.flatMap((text) => read(label, rule(text)));

  const [version] = readAll(
    'kubernetesVersion',
    props.kubernetesVersion === undefined ? [] : [props.kubernetesVersion],
    kubernetesVersion,
  );
  const api = endpoint(props.controlPlaneEndpoint, DEFAULTS.apiServerPort);
  if (api.problem !== undefined) problems.push(`controlPlaneEndpoint ${api.problem}`);
  const [host, port] = api.problem === undefined ? [api.host, api.port] : ['invalid', 0];
  const [dnsDomain = DEFAULTS.dnsDomain] = read(
    'dnsDomain',
    hostName(props.dnsDomain ?? DEFAULTS.dnsDomain),
  );
  const serviceSubnets = readAll(
    'serviceSubnets',
    props.serviceSubnets ?? [DEFAULTS.serviceSubnet],
    serviceSubnet,
  );
  const podSubnets = readAll('podSubnets', props.podSubnets, cidr);
  familyProblems({ serviceSubnets, podSubnets }, problems);
  const sans = {
    dnsDomain,
    // kubeadm takes the first subnet only (GetAPIServerVirtualIP).
    serviceAddress: firstAddress(serviceSubnets[0] ?? DEFAULTS.serviceSubnet),
    controlPlaneHost: host,
    apiServerCertSans: readAll('apiServerCertSans', props.apiServerCertSans),
    etcdServerCertSans: readAll('etcdServerCertSans', props.etcdServerCertSans),
    etcdPeerCertSans: readAll('etcdPeerCertSans', props.etcdPeerCertSans),
  };
  const external = props.etcd === undefined || props.etcd === 'stacked' ? null : props.etcd;
  if (external?.endpoints.length === 0) problems.push('etcd names no endpoints');
  const etcdEndpoints =
    external && readAll('etcd', external.endpoints, (text) => serverUrl(text, PORTS.etcdClient));

  const node = ({ name, recipients = NONE, ...rest }: ControlPlaneNode): TopologyNode[] => {
    const label = `node ${JSON.stringify(name)}:`;
    const [advertiseAddress] = read(
      `${label} advertiseAddress`,
      nodeAddress(rest.advertiseAddress),
    );
    const addresses = readAll(`${label} addresses`, rest.addresses);
    if (read('node', nodeName(name)).length === 0 || advertiseAddress === undefined) return [];
    const server = endpointUrl(advertiseAddress, DEFAULTS.apiServerPort);
    return [{ name, recipients, server, advertiseAddress, addresses }];
  };
  const nodes = unique(props.controlPlaneNodes.flatMap(node), problems);
  workerProblems(props, problems);
  if (props.controlPlaneNodes.length === 0) problems.push('controlPlaneNodes names no node');
  return {
    server: endpointUrl(host, port),
    minor: version === undefined ? Infinity : minorOf(version),
    version,
    nodes,
    dnsDomain,
    serviceSubnets,
    podSubnets,
    sans,
    etcdEndpoints,
    problems,
  };
}

function workerProblems(
  { workerNodes = [], controlPlaneNodes }: KubeadmClusterProps,
  problems: string[],
): void {
  const names = new Set(controlPlaneNodes.map(({ name }) => name));
  for (const { name } of workerNodes) {
    const { problem } = nodeName(name);
    if (problem !== undefined) problems.push(`worker node ${problem}`);
    if (names.has(name)) problems.push(`node "${name}" is declared twice`);
    names.add(name);
  }
}

/** Kubernetes takes two networks at most, of different families. */
function familyProblems(
  subnets: Readonly<Record<string, readonly string[]>>,
  problems: string[],
): void {
  for (const [label, [first, second, ...more]] of Object.entries(subnets)) {
    if (more.length > 0) problems.push(`${label} names more than two networks`);
    if (first !== undefined && second !== undefined && isIpv6(first) === isIpv6(second))
      problems.push(`${label} names two networks of one family`);
  }
}

function unique(nodes: readonly TopologyNode[], problems: string[]): readonly TopologyNode[] {
  const names = new Set<string>();
  const addresses = new Map<string, string>();
  return nodes.filter(({ name, advertiseAddress }) => {
    const other = addresses.get(advertiseAddress);
    if (names.has(name)) problems.push(`node "${name}" is declared twice`);
    else if (other !== undefined)
      problems.push(`nodes "${other}" and "${name}" have the same advertiseAddress`);
    const fits = !names.has(name);
    names.add(name);
    addresses.set(advertiseAddress, name);
    return fits;
  });
}
