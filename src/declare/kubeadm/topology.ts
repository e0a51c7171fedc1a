import { DEFAULTS, OLDEST_MINOR } from '../../catalog/defaults.ts';
import type { Canonical } from '../../catalog/names/canonical.ts';
import { hostName } from '../../catalog/names/dns.ts';
import { endpoint, endpointUrl, serverUrl } from '../../catalog/names/endpoint.ts';
import { firstAddress, isIpv6, nodeAddress, serviceSubnet } from '../../catalog/names/ip.ts';
import { san } from '../../catalog/names/san.ts';
import { nodeName } from '../../catalog/names/tree-name.ts';
import type { SanSource } from '../../catalog/sans.ts';
import type { ControlPlaneNode, KubeadmClusterProps } from './props.ts';

/** The names and addresses of a cluster in canonical text; what could not be read is left out and is a problem. */
export interface Topology {
  readonly server: string;
  /** Of the Kubernetes version; the newest where none is declared. */
  readonly minor: number;
  readonly nodes: readonly TopologyNode[];
  readonly problems: readonly string[];
}

export interface TopologyNode {
  readonly name: string;
  readonly recipients: readonly string[];
  /** URL of the API server on the node itself. */
  readonly server: string;
  readonly sans: SanSource;
}

const ETCD_CLIENT_PORT = 2379;

export function readTopology(props: KubeadmClusterProps): Topology {
  const problems: string[] = [];
  const read = (label: string, { value, problem }: Canonical): string[] => {
    if (problem !== undefined) problems.push(`${label} ${problem}`);
    return value === undefined ? [] : [value];
  };
  const readAll = (label: string, texts: readonly string[] = [], rule = san): readonly string[] =>
    texts.flatMap((text) => read(label, rule(text)));

  const minor = minorVersion(props.kubernetesVersion, problems);
  const api = endpoint(props.controlPlaneEndpoint, DEFAULTS.apiServerPort);
  if (api.problem !== undefined) problems.push(`controlPlaneEndpoint ${api.problem}`);
  const [host, port] = api.problem === undefined ? [api.host, api.port] : ['invalid', 0];
  const cluster = {
    dnsDomain:
      read('dnsDomain', hostName(props.dnsDomain ?? DEFAULTS.dnsDomain))[0] ?? DEFAULTS.dnsDomain,
    serviceAddress: serviceAddress(
      readAll('serviceSubnets', props.serviceSubnets ?? [DEFAULTS.serviceSubnet], serviceSubnet),
      problems,
    ),
    controlPlaneHost: host,
    apiServerCertSans: readAll('apiServerCertSans', props.apiServerCertSans),
    etcdServerCertSans: readAll('etcdServerCertSans', props.etcdServerCertSans),
    etcdPeerCertSans: readAll('etcdPeerCertSans', props.etcdPeerCertSans),
  };
  if (props.etcd !== undefined && props.etcd !== 'stacked') {
    if (props.etcd.endpoints.length === 0) problems.push('etcd names no endpoints');
    readAll('etcd', props.etcd.endpoints, (text) => serverUrl(text, ETCD_CLIENT_PORT));
  }

  const node = ({ name, recipients = [], ...rest }: ControlPlaneNode): TopologyNode[] => {
    const label = `node ${JSON.stringify(name)}:`;
    const [advertiseAddress] = read(
      `${label} advertiseAddress`,
      nodeAddress(rest.advertiseAddress),
    );
    const addresses = readAll(`${label} addresses`, rest.addresses);
    if (read('node', nodeName(name)).length === 0 || advertiseAddress === undefined) return [];
    const server = endpointUrl(advertiseAddress, DEFAULTS.apiServerPort);
    const sans = { ...cluster, nodeName: name, advertiseAddress, addresses };
    return [{ name, recipients, server, sans }];
  };
  const nodes = unique(props.controlPlaneNodes.flatMap(node), problems);
  if (props.controlPlaneNodes.length === 0) problems.push('controlPlaneNodes names no node');
  return { server: endpointUrl(host, port), minor, nodes, problems };
}

function minorVersion(version: string | undefined, problems: string[]): number {
  if (version === undefined) return Infinity;
  const match = /^v?1\.(0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d*)(?:-[a-z]+\.\d+)?)?$/u.exec(version);
  if (match === null)
    problems.push(`kubernetesVersion ${JSON.stringify(version)} is not like "1.34.4"`);
  else if (Number(match[1]) < OLDEST_MINOR)
    problems.push(
      `kubernetesVersion "${version}" is older than 1.${OLDEST_MINOR}, whose kubeadm first knows kubeadm:cluster-admins`,
    );
  return Number(match?.[1] ?? Infinity);
}

/** kubeadm takes the first subnet only (GetAPIServerVirtualIP); a second one is of the other family. */
function serviceAddress(subnets: readonly string[], problems: string[]): string {
  const [first, second, ...more] = subnets;
  if (more.length > 0) problems.push('serviceSubnets names more than two networks');
  if (first !== undefined && second !== undefined && isIpv6(first) === isIpv6(second))
    problems.push('serviceSubnets names two networks of one family');
  return firstAddress(first ?? DEFAULTS.serviceSubnet);
}

function unique(nodes: readonly TopologyNode[], problems: string[]): readonly TopologyNode[] {
  const names = new Set<string>();
  const addresses = new Map<string, string>();
  return nodes.filter(({ name, sans: { advertiseAddress } }) => {
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
