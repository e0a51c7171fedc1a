import { load } from 'js-yaml';
import type { KubeadmClusterProps } from '../../src/index.ts';
import type { DesiredFile } from '../../src/model/desired.ts';
import { describe, newApp, newKubeadm } from './declare.ts';

export interface Pod {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly containers: readonly {
      readonly command: readonly string[];
      readonly image: string;
      readonly ports: readonly { readonly containerPort: number }[];
      readonly livenessProbe: { readonly httpGet: Readonly<Record<string, string>> };
      readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
    }[];
    readonly volumes: readonly {
      readonly name: string;
      readonly hostPath: { readonly path: string; readonly type?: string };
    }[];
  };
}

const VERSION = '1.34.4';

/** The files of a node of a cluster that is declared so, by path. */
export function nodeFiles(
  props: Partial<KubeadmClusterProps> = {},
  node = 'cp-1',
): Map<string, DesiredFile> {
  const app = newApp();
  newKubeadm(app, { kubernetesVersion: VERSION, ...props });
  const bundle = describe(app).bundles.find((candidate) => candidate.node === node);
  return new Map((bundle?.files ?? []).map((file) => [file.path, file]));
}

export function podOf(files: ReadonlyMap<string, DesiredFile>, name: string): Pod {
  const file = files.get(`etc/kubernetes/manifests/${name}.yaml`);
  if (file === undefined) throw new RangeError(`no pod ${name}`);
  return load(file.content) as Pod;
}

/** Flags of a pod, in order, without the program. */
export const flagsOf = (pod: Pod): readonly string[] =>
  pod.spec.containers[0]?.command.slice(1) ?? [];

/** The values of a flag of a component, in order. */
export function flag(
  props: Partial<KubeadmClusterProps>,
  component: string,
  name: string,
): string[] {
  return flagsOf(podOf(nodeFiles(props), component))
    .filter((text) => text.startsWith(`--${name}=`))
    .map((text) => text.slice(name.length + 3));
}
