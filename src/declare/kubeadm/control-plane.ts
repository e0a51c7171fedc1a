import { DEFAULTS, LONGEST_SPAN } from '../../catalog/defaults.ts';
import type { ClusterInput, ComponentName } from '../../catalog/static-pods/input.ts';
import { peerUrl } from '../../catalog/static-pods/places.ts';
import type { DesiredBundle } from '../../model/desired.ts';
import type { Seconds } from '../../model/names.ts';
import type { SourceFile } from '../tree/mark.ts';
import { secondsOf } from '../tree/settings.ts';
import { COMPONENT_PROPS, componentProblems } from './components.ts';
import { kubeadmFiles } from './kubeadm-files.ts';
import type { Component, KubeadmClusterProps } from './props.ts';
import { staticPodFiles } from './static-pod-files.ts';
import { sansOf, type Topology, type TopologyNode } from './topology.ts';

/** What runs the control plane from a node's bundle, beyond its credentials. */
export interface ControlPlane {
  /** Null where nothing is to run: the bundles hold credentials only. */
  readonly mode: 'static-pods' | 'kubeadm' | null;
  readonly clusterName: string;
  readonly imageRepository: string;
  readonly components: ClusterInput['components'];
  /** The longest life of what kube-controller-manager signs. */
  readonly clusterSigningDuration: Seconds;
}

const MODES = ['static-pods', 'kubeadm'] as const;

export function readControlPlane(
  clusterName: string,
  props: KubeadmClusterProps,
): readonly [ControlPlane, problems: readonly string[]] {
  const mode = props.controlPlane ?? 'static-pods';
  const problems = [
    ...componentProblems(props),
    ...signingProblems(props),
    ...(MODES.includes(mode) ? [] : [`controlPlane is not one of ${MODES.join(', ')}`]),
    ...(mode === 'kubeadm' && props.kubernetesVersion === undefined
      ? ['controlPlane "kubeadm" needs a kubernetesVersion']
      : []),
  ];
  const controlPlane = {
    mode: problems.length > 0 ? null : mode,
    clusterName,
    imageRepository: props.imageRepository ?? DEFAULTS.imageRepository,
    components: componentsOf(props),
    clusterSigningDuration:
      secondsOf(props.clusterSigningDuration) ?? DEFAULTS.clusterSigningDuration,
  };
  return [controlPlane, problems];
}

export function controlPlaneFiles(
  { mode, ...controlPlane }: ControlPlane,
  topology: Topology,
  node: TopologyNode,
): Record<string, SourceFile> {
  const { version, server, dnsDomain, serviceSubnets, podSubnets, etcdEndpoints } = topology;
  if (mode === null || version === undefined) return {};
  const { name: nodeName, advertiseAddress } = node;
  const cluster = { version, dnsDomain, serviceSubnets, podSubnets, etcdEndpoints };
  const input = { ...controlPlane, ...cluster, nodeName, advertiseAddress };
  return mode === 'kubeadm'
    ? kubeadmFiles(input, {
        ...sansOf(topology, node),
        controlPlaneEndpoint: server.replace('https://', ''),
      })
    : staticPodFiles(input);
}

/** Set where the node's bundle starts a member of etcd. */
export const etcdMemberOf = (
  { mode }: ControlPlane,
  { version, etcdEndpoints }: Topology,
  { name, advertiseAddress }: TopologyNode,
): DesiredBundle['etcdMember'] =>
  mode === 'static-pods' && version !== undefined && etcdEndpoints === null
    ? { name, peerUrl: peerUrl(advertiseAddress) }
    : null;

const AS_KUBEADM: Component = {};

/** Of most clusters, that nothing is added. */
const ALL_AS_KUBEADM = componentsFrom({});

function componentsOf(props: KubeadmClusterProps): ClusterInput['components'] {
  const isGiven = Object.values(COMPONENT_PROPS).some((prop) => props[prop] !== undefined);
  return isGiven ? componentsFrom(props) : ALL_AS_KUBEADM;
}

function componentsFrom(
  props: Pick<KubeadmClusterProps, (typeof COMPONENT_PROPS)[ComponentName]>,
): ClusterInput['components'] {
  return {
    etcd: props[COMPONENT_PROPS.etcd] ?? AS_KUBEADM,
    'kube-apiserver': props[COMPONENT_PROPS['kube-apiserver']] ?? AS_KUBEADM,
    'kube-controller-manager': props[COMPONENT_PROPS['kube-controller-manager']] ?? AS_KUBEADM,
    'kube-scheduler': props[COMPONENT_PROPS['kube-scheduler']] ?? AS_KUBEADM,
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
