import { kubeletConfiguration } from '../../catalog/kubelet-configuration.ts';
import { extraArguments } from '../../catalog/static-pods/arguments.ts';
import { KUBE_CONTROLLER_MANAGER } from '../../catalog/static-pods/kube-controller-manager.ts';
import type { ComponentName, ComponentRow, NodeInput } from '../../catalog/static-pods/input.ts';
import {
  CERTIFICATES_DIR,
  ETCD_CRL,
  ETCD_DATA_DIR,
  KUBERNETES_DIR,
  pki,
} from '../../catalog/static-pods/places.ts';
import { staticPod } from '../../catalog/static-pods/pod.ts';
import { DEFAULTS } from '../../catalog/defaults.ts';
import type { JsonValue } from '../../model/desired.ts';
import { FILES_ANNOTATION, PLACEHOLDERS } from '../../model/placeholder.ts';
import type { SourceFile } from '../tree/mark.ts';
import { blockYaml } from './block-yaml.ts';
import { belowRoot, componentsOf } from './static-pod-files.ts';

/** What kubeadm's configuration says besides flags, volumes and images. */
export interface KubeadmSettings {
  readonly controlPlaneEndpoint: string;
  readonly apiServerCertSans: readonly string[];
  readonly etcdServerCertSans: readonly string[];
  readonly etcdPeerCertSans: readonly string[];
}

const FOLDER = `${KUBERNETES_DIR}/kubeadm`;
const PATCHES = `${FOLDER}/patches`;
const API_VERSION = 'kubeadm.k8s.io/v1beta4';

/** The flags of kube-controller-manager that are not kubeadm's. */
const SIGNING_FLAGS = ['cluster-signing-cert-file', 'cluster-signing-duration'];

/** `kubeadm init --config` and `join --config` of a node, and the patches that give their manifests the hashes. */
export function kubeadmFiles(
  input: NodeInput,
  settings: KubeadmSettings,
): Record<string, SourceFile> {
  const documents = [
    clusterConfiguration(input, settings),
    initConfiguration(input),
    joinConfiguration(input),
    kubeletConfiguration(input),
  ];
  const patches = componentsOf(input).map((row): [string, SourceFile] => [
    belowRoot(`${PATCHES}/${row.name}+strategic.yaml`),
    { content: blockYaml(patch(row, input)), pod: staticPod(row, input) },
  ]);
  return {
    [belowRoot(`${FOLDER}/config.yaml`)]: { content: documents.map(blockYaml).join('---\n') },
    ...Object.fromEntries(patches),
  };
}

function clusterConfiguration(input: NodeInput, settings: KubeadmSettings): JsonValue {
  const { apiServerCertSans } = settings;
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterConfiguration',
    apiServer: {
      ...component('kube-apiserver', input),
      ...(apiServerCertSans.length > 0 ? { certSANs: apiServerCertSans } : {}),
    },
    certificatesDir: CERTIFICATES_DIR,
    clusterName: input.clusterName,
    controlPlaneEndpoint: settings.controlPlaneEndpoint,
    controllerManager: component('kube-controller-manager', input),
    etcd: input.etcdEndpoints === null ? localEtcd(input, settings) : externalEtcd(input),
    imageRepository: input.imageRepository,
    kubernetesVersion: input.version,
    networking: {
      dnsDomain: input.dnsDomain,
      ...(input.podSubnets.length > 0 ? { podSubnet: input.podSubnets.join(',') } : {}),
      serviceSubnet: input.serviceSubnets.join(','),
    },
    scheduler: component('kube-scheduler', input),
  };
}

function localEtcd(
  input: NodeInput,
  { etcdServerCertSans, etcdPeerCertSans }: KubeadmSettings,
): JsonValue {
  const { extraArgs = [] } = component('etcd', input);
  // each of its lines goes while there is no CRL, and the key with them where nothing else is below it
  const crl = ['client-crl-file', 'peer-crl-file'].map((name) =>
    argument([`${name}${PLACEHOLDERS.withCrl}`, `${ETCD_CRL}${PLACEHOLDERS.withCrl}`]),
  );
  const key = extraArgs.length === 0 ? `extraArgs${PLACEHOLDERS.withCrl}` : 'extraArgs';
  return {
    local: {
      dataDir: ETCD_DATA_DIR,
      [key]: [...crl, ...extraArgs],
      ...(etcdPeerCertSans.length > 0 ? { peerCertSANs: etcdPeerCertSans } : {}),
      ...(etcdServerCertSans.length > 0 ? { serverCertSANs: etcdServerCertSans } : {}),
    },
  };
}

function externalEtcd({ etcdEndpoints }: NodeInput): JsonValue {
  return {
    external: {
      caFile: pki('etcd/ca.crt'),
      certFile: pki('apiserver-etcd-client.crt'),
      endpoints: etcdEndpoints ?? [],
      keyFile: pki('apiserver-etcd-client.key'),
    },
  };
}

/** extraArgs and extraVolumes in kubeadm's words; left out where there are none. */
function component(
  name: ComponentName,
  input: NodeInput,
): { extraArgs?: readonly JsonValue[]; extraVolumes?: JsonValue } {
  const extra = extraArguments(input.components[name]);
  const own = name === 'kube-controller-manager' ? signingArguments(input) : [];
  const args = [...own, ...extra.map(argument)];
  const volumes = (input.components[name].extraVolumes ?? []).map((volume) => ({
    name: volume.name,
    hostPath: volume.hostPath,
    mountPath: volume.mountPath,
    ...(volume.readOnly === undefined ? {} : { readOnly: volume.readOnly }),
    ...(volume.pathType === undefined ? {} : { pathType: volume.pathType }),
  }));
  return {
    ...(args.length > 0 ? { extraArgs: args } : {}),
    ...(volumes.length > 0 ? { extraVolumes: volumes } : {}),
  };
}

const argument = ([name, value]: readonly [string, string]) => ({ name, value });

function signingArguments(input: NodeInput) {
  return KUBE_CONTROLLER_MANAGER.flags
    .filter(({ name }) => SIGNING_FLAGS.includes(name))
    .map(({ name, value }) => argument([name, value(input) ?? '']));
}

function initConfiguration({ nodeName, advertiseAddress }: NodeInput): JsonValue {
  return {
    apiVersion: API_VERSION,
    kind: 'InitConfiguration',
    localAPIEndpoint: { advertiseAddress, bindPort: DEFAULTS.apiServerPort },
    nodeRegistration: { name: nodeName },
    patches: { directory: PATCHES },
  };
}

/** The bundle has a kubeconfig, so that a node that joins needs no token to find the cluster. */
function joinConfiguration({ nodeName, advertiseAddress }: NodeInput): JsonValue {
  return {
    apiVersion: API_VERSION,
    kind: 'JoinConfiguration',
    controlPlane: { localAPIEndpoint: { advertiseAddress, bindPort: DEFAULTS.apiServerPort } },
    discovery: { file: { kubeConfigPath: `${KUBERNETES_DIR}/admin.conf` } },
    nodeRegistration: { name: nodeName },
    patches: { directory: PATCHES },
  };
}

/** The hash, and what kubeadm has no words for: a component's image, and etcd's extra volumes. */
function patch({ name }: ComponentRow, { components }: NodeInput): JsonValue {
  const { image, extraVolumes = [] } = components[name];
  const volumes = name === 'etcd' ? extraVolumes : [];
  const container = {
    ...(image === undefined ? {} : { image }),
    name,
    ...(volumes.length === 0
      ? {}
      : {
          volumeMounts: volumes.map((volume) => ({
            mountPath: volume.mountPath,
            name: volume.name,
            readOnly: volume.readOnly ?? false,
          })),
        }),
  };
  return {
    metadata: { annotations: { [FILES_ANNOTATION]: PLACEHOLDERS.filesHash } },
    ...(Object.keys(container).length === 1
      ? {}
      : {
          spec: {
            containers: [container],
            ...(volumes.length === 0
              ? {}
              : {
                  volumes: volumes.map(({ name: volume, hostPath, pathType = '' }) => ({
                    hostPath: { path: hostPath, type: pathType },
                    name: volume,
                  })),
                }),
          },
        }),
  };
}
