import { DEFAULTS, LONGEST_SPAN } from '../../catalog/defaults.ts';
import type { ClusterInput, NodeInput } from '../../catalog/static-pods/input.ts';
import { peerUrl } from '../../catalog/static-pods/places.ts';
import type { DesiredBundle } from '../../model/desired.ts';
import type { Seconds } from '../../model/names.ts';
import type { SourceFile } from '../tree/mark.ts';
import { secondsOf } from '../tree/settings.ts';
import { COMPONENT_PROPS, componentProblems } from './components.ts';
import { kubeadmFiles } from './kubeadm-files.ts';
import type { KubeadmClusterProps } from './props.ts';
import { staticPodFiles } from './static-pod-files.ts';
import type { Topology, TopologyNode } from './topology.ts';

/** What runs the control plane from a node's bundle, beyond its credentials. */
export interface ControlPlane {
  readonly files: (node: TopologyNode) => Record<string, SourceFile>;
  /** Set where the node's bundle starts a member of etcd. */
  readonly etcdMember: (node: TopologyNode) => DesiredBundle['etcdMember'];
  /** The longest life of what kube-controller-manager signs. */
  readonly clusterSigningDuration: Seconds;
  readonly problems: readonly string[];
}

const MODES = ['static-pods', 'kubeadm'] as const;

export function controlPlane(
  clusterName: string,
  props: KubeadmClusterProps,
  topology: Topology,
): ControlPlane {
  const { version } = topology;
  const mode = props.controlPlane ?? 'static-pods';
  const clusterSigningDuration =
    secondsOf(props.clusterSigningDuration) ?? DEFAULTS.clusterSigningDuration;
  const problems = [
    ...componentProblems(props),
    ...signingProblems(props),
    ...(MODES.includes(mode) ? [] : [`controlPlane is not one of ${MODES.join(', ')}`]),
    ...(mode === 'kubeadm' && props.kubernetesVersion === undefined
      ? ['controlPlane "kubeadm" needs a kubernetesVersion']
      : []),
  ];
  if (version === undefined || problems.length > 0)
    return { files: () => ({}), etcdMember: () => null, clusterSigningDuration, problems };
  const cluster = {
    ...clusterInput(clusterName, version, props, topology),
    clusterSigningDuration,
  };
  const inputOf = ({ name, sans }: TopologyNode): NodeInput => ({
    ...cluster,
    nodeName: name,
    advertiseAddress: sans.advertiseAddress,
  });
  return {
    files: (node) =>
      mode === 'kubeadm'
        ? kubeadmFiles(inputOf(node), {
            ...node.sans,
            controlPlaneEndpoint: topology.server.replace('https://', ''),
          })
        : staticPodFiles(inputOf(node)),
    etcdMember: ({ name, sans }) =>
      mode === 'static-pods' && topology.etcdEndpoints === null
        ? { name, peerUrl: peerUrl(sans.advertiseAddress) }
        : null,
    clusterSigningDuration,
    problems,
  };
}

function clusterInput(
  clusterName: string,
  version: string,
  props: KubeadmClusterProps,
  { dnsDomain, serviceSubnets, podSubnets, etcdEndpoints }: Topology,
): Omit<ClusterInput, 'clusterSigningDuration'> {
  return {
    version,
    clusterName,
    dnsDomain,
    serviceSubnets,
    podSubnets,
    etcdEndpoints,
    imageRepository: props.imageRepository ?? DEFAULTS.imageRepository,
    components: {
      etcd: props[COMPONENT_PROPS.etcd] ?? {},
      'kube-apiserver': props[COMPONENT_PROPS['kube-apiserver']] ?? {},
      'kube-controller-manager': props[COMPONENT_PROPS['kube-controller-manager']] ?? {},
      'kube-scheduler': props[COMPONENT_PROPS['kube-scheduler']] ?? {},
    },
  };
}

function signingProblems({ clusterSigningDuration }: KubeadmClusterProps): string[] {
  const seconds = secondsOf(clusterSigningDuration);
  if (seconds === undefined) return [];
  if (!Number.isSafeInteger(seconds) || seconds < LEAST_SIGNING)
    return [
      'clusterSigningDuration is shorter than 10 minutes, the shortest that may be asked for',
    ];
  return seconds > LONGEST_SPAN ? ['clusterSigningDuration is longer than a century'] : [];
}

/** spec.expirationSeconds of a CertificateSigningRequest is 600 at least. */
const LEAST_SIGNING = 600;
