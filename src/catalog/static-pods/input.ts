import type { Seconds } from '../../model/names.ts';
import { pki } from './places.ts';

export type ComponentName =
  'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler';

export interface ExtraVolume {
  readonly name: string;
  readonly hostPath: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
  readonly pathType?: string;
}

/** What a user adds to a component, in kubeadm's words. */
export interface ComponentSettings {
  readonly extraArgs?: Readonly<Record<string, string | readonly string[]>>;
  readonly extraVolumes?: readonly ExtraVolume[];
  readonly image?: string;
}

/** What the control plane of one cluster is made from; all text is canonical. */
export interface ClusterInput {
  /** `1.34.4` */
  readonly version: string;
  readonly clusterName: string;
  readonly dnsDomain: string;
  readonly serviceSubnets: readonly string[];
  readonly podSubnets: readonly string[];
  /** URLs of an external etcd; null where members run beside the API servers. */
  readonly etcdEndpoints: readonly string[] | null;
  readonly imageRepository: string;
  readonly clusterSigningDuration: Seconds;
  readonly components: Readonly<Record<ComponentName, ComponentSettings>>;
}

/** The same for one node. */
export interface NodeInput extends ClusterInput {
  readonly nodeName: string;
  readonly advertiseAddress: string;
}

/** A flag; left out where it has no value, or outside of the minor versions that know it. */
export interface FlagRow {
  readonly name: string;
  readonly value: (input: NodeInput) => string | undefined;
  readonly since?: number;
  readonly until?: number;
  /** The file by which the component trusts, which a rotation changes. */
  readonly trusts?: string;
  /** Whether it may name other files besides; else the last value is the one that counts. */
  readonly isRepeatable?: boolean;
}

export interface VolumeRow {
  readonly name: string;
  readonly path: string | ((input: NodeInput) => string);
  readonly type: 'DirectoryOrCreate' | 'FileOrCreate';
  readonly readOnly: boolean;
  /** What mounts it cannot do without, so that no extra volume may take its name. */
  readonly reserved: boolean;
}

export interface ProbeRow {
  readonly host: (input: NodeInput) => string;
  readonly port: (input: NodeInput) => number;
  readonly scheme: (input: NodeInput) => 'HTTP' | 'HTTPS';
  readonly liveness: string;
  /** kube-controller-manager has none. */
  readonly readiness: string | null;
  readonly startup: string;
}

export interface ComponentRow {
  readonly name: ComponentName;
  readonly imageTag: (input: ClusterInput) => string;
  readonly requests: Readonly<Record<string, string>>;
  readonly flags: readonly FlagRow[];
  readonly volumes: readonly VolumeRow[];
  readonly probe: ProbeRow;
  readonly annotations: (input: NodeInput) => Readonly<Record<string, string>>;
}

/** A flag that names what a component trusts: a bundle, or public keys, below /etc/kubernetes/pki. */
export const trustFlag = (name: string, file: string, isRepeatable = false): FlagRow => ({
  name,
  value: () => pki(file),
  trusts: pki(file),
  isRepeatable,
});

/** The last value of an extra argument, which is the one that a component takes. */
export function extraArgument(
  { components }: ClusterInput,
  component: ComponentName,
  name: string,
): string | undefined {
  return [components[component].extraArgs?.[name] ?? []].flat().at(-1);
}
