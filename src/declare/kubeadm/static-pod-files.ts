import {
  KUBELET_CONFIGURATION_FILE,
  kubeletConfiguration,
} from '../../catalog/kubelet-configuration.ts';
import type { ComponentRow, NodeInput } from '../../catalog/static-pods/input.ts';
import { MANIFESTS_DIR, pki } from '../../catalog/static-pods/places.ts';
import { COMPONENTS, staticPod, type PodObject } from '../../catalog/static-pods/pod.ts';
import type { CredentialPath } from '../../model/names.ts';
import { FILES_ANNOTATION, PLACEHOLDERS } from '../../model/placeholder.ts';
import { formatReference } from '../../model/reference.ts';
import type { BundleFile } from '../tree/props.ts';
import type { SourceFile } from '../tree/mark.ts';
import { blockYaml } from './block-yaml.ts';

/** A path of a node as one below its root. */
export const belowRoot = (path: string): string => path.replace(/^\//u, '');

/** etcd has no pod where it is external. */
export const componentsOf = ({ etcdEndpoints }: NodeInput): readonly ComponentRow[] =>
  COMPONENTS.filter(({ name }) => name !== 'etcd' || etcdEndpoints === null);

/** The manifests of a node's control plane, and the configuration of the kubelet that starts it. */
export function staticPodFiles(input: NodeInput): Record<string, SourceFile> {
  const manifests = componentsOf(input).map((row): [string, SourceFile] => {
    const pod = annotated(staticPod(row, input));
    const path = belowRoot(`${MANIFESTS_DIR}/${row.name}.yaml`);
    return [path, { content: blockYaml(pod), mode: 0o600, pod }];
  });
  return { ...Object.fromEntries(manifests), ...kubeletFiles(input) };
}

/** What every worker node needs before it joins. */
export function workerFiles(
  ca: CredentialPath,
  input: Parameters<typeof kubeletConfiguration>[0],
): Record<string, BundleFile> {
  const content = formatReference({ credential: ca, part: 'trustBundle', form: 'pem' });
  return { [belowRoot(pki('ca.crt'))]: { content }, ...kubeletFiles(input) };
}

function kubeletFiles(
  input: Parameters<typeof kubeletConfiguration>[0],
): Record<string, BundleFile> {
  return { [KUBELET_CONFIGURATION_FILE]: { content: blockYaml(kubeletConfiguration(input)) } };
}

function annotated(pod: PodObject): PodObject {
  const metadata = pod['metadata'] as PodObject;
  const annotations = {
    ...(metadata['annotations'] as PodObject),
    [FILES_ANNOTATION]: PLACEHOLDERS.filesHash,
  };
  return { ...pod, metadata: { ...metadata, annotations } };
}
