import type { IConstruct } from 'constructs';
import type { DesiredBundle, DesiredFile } from '../../model/desired.ts';
import { markAs, type SourceFile } from '../tree/mark.ts';
import { crlOf } from '../../model/reference.ts';
import { annotatedManifest, readPod } from './pod-manifest.ts';
import { readsOf } from './pod-reads.ts';

/** Where the kubelet of a kubeadm node looks for static pods (its staticPodPath). */
export const MANIFESTS = 'etc/kubernetes/manifests/';

/** The files of a node as data; of each static pod also what it reads. */
export function describeBundle(
  construct: IConstruct,
  sources?: Readonly<Record<string, SourceFile>>,
): DesiredBundle {
  const mark = markAs(construct, 'NodeBundle');
  if (mark === undefined) throw new TypeError(`${construct.node.path} is not a NodeBundle`);
  const { node, etcdMember } = mark;
  const files = Object.entries(sources ?? mark.files());
  // a CRL is read anew at every handshake: its renewal restarts nothing
  const paths = files
    .filter(([path, { content }]) => !path.startsWith(MANIFESTS) && crlOf(content) === undefined)
    .map(([path]) => path);
  return {
    constructPath: construct.node.path,
    node,
    etcdMember,
    files: files.map(([path, file]) => describeFile(path, file, paths)),
  };
}

function describeFile(path: string, file: SourceFile, paths: readonly string[]): DesiredFile {
  const { content, secret = false, mode = secret ? 0o600 : 0o644 } = file;
  const pod = file.pod ?? (path.startsWith(MANIFESTS) ? readPod(content) : undefined);
  const reads = pod === undefined ? [] : readsOf(pod, paths);
  return {
    path,
    content: reads.length > 0 ? annotatedManifest(content) : content,
    mode,
    secret,
    reads,
  };
}
