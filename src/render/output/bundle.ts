import { stringify } from 'yaml';
import type { DesiredBundle, DesiredFile } from '../../model/desired.ts';
import { layout, STORE_API_VERSION } from '../../model/store/layout.ts';
import { treePath } from '../../model/names.ts';
import { findReferences } from '../../model/reference.ts';
import type { RenderedFile } from '../../model/made/tree.ts';
import { kubeconfigFile } from './kubeconfig.ts';
import { privateCredentials } from './manifest.ts';
import { projectionHash } from '../projection.ts';
import { renderText } from '../text.ts';
import { completeOrProjection, isComplete, projectionOf, type Values } from '../values.ts';

interface Place {
  readonly tree: string;
  readonly cluster: string;
  readonly recipients: readonly string[];
}

/** The files of one node and `bundle.yaml`, which says how to install each of them. */
export function renderBundle(bundle: DesiredBundle, place: Place, values: Values): RenderedFile[] {
  const sorted = bundle.files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const files = sorted.map((file) => renderFile(file, bundle.node, place, values));
  const list = sorted.map(({ path, mode }, index) => ({
    path: `/${path}`,
    format: files[index]?.format ?? 'plain',
    mode: mode.toString(8).padStart(4, '0'),
    owner: 'root:root',
    projection: fileProjection(files[index]),
  }));
  const content = stringify(
    {
      apiVersion: STORE_API_VERSION,
      kind: 'NodeBundle',
      cluster: place.cluster,
      node: bundle.node,
      files: list,
    },
    { lineWidth: 0, version: '1.1' },
  );
  const index = layout.bundle(place.tree, place.cluster, bundle.node);
  return [...files, { format: 'plain', path: index, content }];
}

function renderFile(
  { path, content, secret }: DesiredFile,
  node: string,
  { tree, cluster, recipients }: Place,
  values: Values,
): RenderedFile {
  const target = treePath(layout.node(tree, cluster, node), path);
  if (!secret) return { format: 'plain', path: target, content: renderText(content, values) };
  const [reference, ...others] = findReferences(content);
  if (reference?.part === 'content' && others.length === 0) {
    return kubeconfigFile(reference.credential, { path: target, recipients }, values);
  }
  const uses = privateCredentials(content);
  const known = completeOrProjection(uses, values);
  return {
    format: 'binary',
    path: target,
    content: renderText(content, known),
    recipients,
    uses,
    complete: isComplete(known),
    projection: projectionHash(renderText(content, projectionOf(values))),
  };
}

function fileProjection(file: RenderedFile | undefined): string {
  return file?.format === 'plain' || file === undefined
    ? projectionHash(file?.content ?? '')
    : file.projection;
}
