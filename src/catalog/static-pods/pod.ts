import type { JsonValue } from '../../model/desired.ts';
import { commandLine, extraArguments, mergeArguments, type Argument } from './arguments.ts';
import { ETCD } from './etcd.ts';
import type { ComponentRow, NodeInput, VolumeRow } from './input.ts';
import { KUBE_APISERVER } from './kube-apiserver.ts';
import { KUBE_CONTROLLER_MANAGER } from './kube-controller-manager.ts';
import { KUBE_SCHEDULER } from './kube-scheduler.ts';
import { minorOf } from './versions.ts';

export type PodObject = Readonly<Record<string, JsonValue>>;

export const COMPONENTS: readonly ComponentRow[] = [
  ETCD,
  KUBE_APISERVER,
  KUBE_CONTROLLER_MANAGER,
  KUBE_SCHEDULER,
];

/** A node's static pod as kubeadm writes it (util/staticpod: ComponentPod), keys in kubeadm's order. */
export function staticPod(row: ComponentRow, input: NodeInput): PodObject {
  const { name, requests, probe } = row;
  const volumes = mergedVolumes(row, input);
  const at = (path: string): JsonValue => ({
    ...(probe.host(input) === '' ? {} : { host: probe.host(input) }),
    path,
    port: PROBE_PORT,
    scheme: probe.scheme(input),
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      annotations: row.annotations(input),
      labels: { component: name, tier: 'control-plane' },
      name,
      namespace: 'kube-system',
    },
    spec: {
      containers: [
        {
          command: commandLine(name, argumentsOf(row, input)),
          image: imageOf(row, input),
          imagePullPolicy: 'IfNotPresent',
          livenessProbe: httpProbe(at(probe.liveness), 8, 10, 10),
          name,
          ports: [{ containerPort: probe.port(input), name: PROBE_PORT, protocol: 'TCP' }],
          ...(probe.readiness === null
            ? {}
            : { readinessProbe: httpProbe(at(probe.readiness), 3, 0, 1) }),
          resources: { requests },
          startupProbe: httpProbe(at(probe.startup), 24, 10, 10),
          volumeMounts: volumes.map(({ mount }) => mount),
        },
      ],
      hostNetwork: true,
      priority: 2_000_001_000,
      priorityClassName: 'system-node-critical',
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      volumes: volumes.map(({ volume }) => volume),
    },
    status: {},
  };
}

const PROBE_PORT = 'probe-port';

/** Flags that the version knows, with the user's. */
function argumentsOf({ name, flags }: ComponentRow, input: NodeInput): Argument[] {
  const minor = minorOf(input.version);
  const base = flags.flatMap(({ name: flag, value, since = 0, until = minor }): Argument[] => {
    const text = since <= minor && minor <= until ? value(input) : undefined;
    return text === undefined ? [] : [[flag, text]];
  });
  return mergeArguments(base, extraArguments(input.components[name]));
}

function imageOf({ name, imageTag }: ComponentRow, input: NodeInput): string {
  return input.components[name].image ?? `${input.imageRepository}/${name}:${imageTag(input)}`;
}

/** Four minutes to start, as kubeadm waits: 24 periods of 10 seconds. */
function httpProbe(httpGet: JsonValue, failureThreshold: number, delay: number, period: number) {
  return {
    failureThreshold,
    httpGet,
    ...(delay === 0 ? {} : { initialDelaySeconds: delay }),
    periodSeconds: period,
    timeoutSeconds: 15,
  };
}

interface MergedVolume {
  readonly volume: JsonValue;
  readonly mount: JsonValue;
}

/** The component's volumes and the extra ones, which replace those of the same name; sorted by name. */
function mergedVolumes({ name, volumes }: ComponentRow, input: NodeInput): MergedVolume[] {
  const merged = new Map<string, MergedVolume>();
  for (const row of volumes) merged.set(row.name, ownVolume(row, input));
  for (const extra of input.components[name].extraVolumes ?? []) {
    const { hostPath, mountPath, readOnly = false, pathType = '' } = extra;
    merged.set(extra.name, volumeOf(extra.name, hostPath, mountPath, pathType, readOnly));
  }
  return [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, volume]) => volume);
}

function ownVolume({ name, path, type, readOnly }: VolumeRow, input: NodeInput): MergedVolume {
  const place = typeof path === 'string' ? path : path(input);
  return volumeOf(name, place, place, type, readOnly);
}

function volumeOf(
  name: string,
  path: string,
  mountPath: string,
  type: string,
  readOnly: boolean,
): MergedVolume {
  return {
    volume: { hostPath: { path, type }, name },
    mount: { mountPath, name, ...(readOnly ? { readOnly } : {}) },
  };
}
