import { PkiError } from '../../errors.ts';
import type { DesiredBundle, DesiredFile } from '../../model/desired.ts';
import { layout, STORE_API_VERSION } from '../../model/store/layout.ts';
import type { EtcdStart } from '../../model/made/etcd.ts';
import { treePath } from '../../model/names.ts';
import { PLACEHOLDERS } from '../../model/placeholder.ts';
import { crlOf, findReferences, formatReference } from '../../model/reference.ts';
import type { RenderedFile } from '../../model/made/tree.ts';
import { kubeconfigFile } from './kubeconfig.ts';
import { privateCredentials } from './manifest.ts';
import { plainYaml } from '../plain-yaml.ts';
import { projectionHash } from '../projection.ts';
import { crlOctets, hasCrl } from './crl.ts';
import { renderText } from '../text.ts';
import { completeOrProjection, isComplete, projectionOf, type Values } from '../values.ts';

interface Place {
  readonly tree: string;
  readonly cluster: string;
  readonly recipients: readonly string[];
}

/** The files of one node and `bundle.yaml`, which says how to install each of them. */
export function renderBundle(
  bundle: DesiredBundle,
  place: Place,
  values: Values,
  etcd: EtcdStart | null,
): RenderedFile[] {
  const isThere = ({ content }: DesiredFile): boolean => hasCrl(crlOf(content), values) !== false;
  const sorted = bundle.files.filter(isThere).toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const withCrl = sorted.some(({ content }) => crlOf(content) !== undefined);
  const rendered = new Map<string, RenderedFile>();
  const render = (file: DesiredFile): void => {
    const content = fillIn(file, rendered, etcd, withCrl);
    rendered.set(file.path, renderFile({ ...file, content }, bundle.node, place, values));
  };
  // What is read comes before what carries its hash.
  for (const file of sorted) if (file.reads.length === 0) render(file);
  for (const file of sorted) if (file.reads.length > 0) render(file);
  const files = sorted.flatMap(({ path }) => rendered.get(path) ?? []);
  const list = sorted.map(({ path, mode }, index) => ({
    path: `/${path}`,
    format: listedFormat(files[index]),
    mode: mode.toString(8).padStart(4, '0'),
    owner: 'root:root',
    projection: fileProjection(files[index]),
  }));
  const content = plainYaml({
    apiVersion: STORE_API_VERSION,
    kind: 'NodeBundle',
    cluster: place.cluster,
    node: bundle.node,
    files: list,
  });
  const index = layout.bundle(place.tree, place.cluster, bundle.node);
  return [...files, { format: 'plain', path: index, content }];
}

/** How an installer reads a file: what is not encrypted it copies, text or not. */
function listedFormat(file: RenderedFile | undefined): string {
  return file === undefined || file.format === 'octets' ? 'plain' : file.format;
}

/** The text with what only the whole bundle and the tree can tell. */
function fillIn(
  { content, reads }: DesiredFile,
  rendered: ReadonlyMap<string, RenderedFile>,
  etcd: EtcdStart | null,
  withCrl: boolean,
): string {
  let text = withCrl ? content.replaceAll(PLACEHOLDERS.withCrl, '') : withoutCrlLines(content);
  if (etcd !== null)
    text = text
      .replaceAll(PLACEHOLDERS.initialCluster, () => etcd.initialCluster)
      .replaceAll(PLACEHOLDERS.initialClusterState, () => etcd.initialClusterState);
  if (reads.length === 0) return text;
  const state = reads.map((path) => `${path} ${fileProjection(rendered.get(path))}\n`);
  return text.replaceAll(PLACEHOLDERS.filesHash, projectionHash(state.join('')));
}

/** As lines that only a node with a CRL has are left out of those of the others. */
function withoutCrlLines(content: string): string {
  if (!content.includes(PLACEHOLDERS.withCrl)) return content;
  return content
    .split('\n')
    .filter((line) => !line.includes(PLACEHOLDERS.withCrl))
    .join('\n');
}

function renderFile(
  { path, content, secret }: DesiredFile,
  node: string,
  { tree, cluster, recipients }: Place,
  values: Values,
): RenderedFile {
  const target = treePath(layout.node(tree, cluster, node), path);
  const revoking = crlOf(content);
  if (revoking !== undefined)
    return { format: 'octets', path: target, content: crlOctets(revoking, values) };
  const uses = privateCredentials(content);
  if (!secret) {
    if (uses.length === 0)
      return { format: 'plain', path: target, content: renderText(content, values) };
    throw new PkiError(
      'ERR_REFERENCE',
      `file "${path}" of node "${node}" holds private material and is not secret`,
    );
  }
  const [reference] = findReferences(content);
  if (
    reference?.part === 'content' &&
    content.trim() === formatReference({ ...reference, form: 'pem' })
  ) {
    return kubeconfigFile(reference.credential, { path: target, recipients }, values);
  }
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
  return file?.format === 'plain' || file?.format === 'octets' || file === undefined
    ? projectionHash(file?.content ?? '')
    : file.projection;
}
