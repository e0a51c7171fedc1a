import { posix } from 'node:path';
import { JSON_SCHEMA, load, loadAll } from 'js-yaml';
import { treePath } from '../model/names.ts';
import { FILES_ANNOTATION } from '../model/placeholder.ts';
import type { TreeReader } from '../model/ports.ts';
import { layout } from '../model/store/layout.ts';
import { record, text, type Fields } from './json.ts';

/** A static pod of the tree. */
export interface ExpectedPod {
  readonly node: string;
  /** Without the name of the node, which its mirror pod has at the end. */
  readonly name: string;
  readonly namespace: string;
  /** Of the files that it reads; empty where the manifest is encrypted, and nobody can say. */
  readonly hash: string;
}

/** What the tree says of a cluster that runs from it. */
export interface ExpectedCluster {
  readonly pods: readonly ExpectedPod[];
  /** Of each node with an API server: `host:port`; null where its manifest does not say it. */
  readonly servers: readonly { readonly node: string; readonly address: string | null }[];
  /** Of `etc/kubernetes/pki` as the first node that has it: PEM. */
  readonly files: ReadonlyMap<ExpectedFile, string>;
}

export type ExpectedFile = 'ca.crt' | 'front-proxy-ca.crt' | 'sa.pub';

const FILES: readonly ExpectedFile[] = ['ca.crt', 'front-proxy-ca.crt', 'sa.pub'];
const MANIFESTS = ['etc/kubernetes/manifests', 'etc/kubernetes/kubeadm/patches'];
const ADVERTISED = 'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint';
const KUBEADM_CONFIG = 'etc/kubernetes/kubeadm/config.yaml';

/** Read from the node bundles of a cluster, which hold all of it in the clear. */
export function expectedCluster(
  reader: TreeReader,
  tree: string,
  cluster: string,
): ExpectedCluster {
  const nodes = reader
    .list(treePath(layout.cluster(tree, cluster), 'nodes'))
    .filter((name) => name.endsWith('/') && !name.startsWith('_'))
    .map((name) => name.slice(0, -1));
  const pods: ExpectedPod[] = [];
  const servers: { node: string; address: string | null }[] = [];
  const files = new Map<ExpectedFile, string>();
  for (const node of nodes) {
    const root = layout.node(tree, cluster, node);
    for (const name of FILES) {
      const content = read(reader, `${root}/etc/kubernetes/pki/${name}`);
      if (content !== undefined && !files.has(name)) files.set(name, content);
    }
    for (const { file, metadata, isEncrypted } of manifestsOf(reader, root)) {
      const annotations = record(metadata['annotations']);
      const hash = text(annotations[FILES_ANNOTATION]);
      if (hash === '' && !isEncrypted) continue;
      const name = text(metadata['name']) || file;
      const namespace = text(metadata['namespace']) || 'kube-system';
      pods.push({ node, name, namespace, hash });
      if (name !== 'kube-apiserver') continue;
      const address = text(annotations[ADVERTISED]) || kubeadmAddress(reader, root);
      servers.push({ node, address: address || null });
    }
  }
  return { pods, servers, files };
}

function* manifestsOf(
  reader: TreeReader,
  root: string,
): Generator<{ readonly file: string; readonly metadata: Fields; readonly isEncrypted: boolean }> {
  for (const folder of MANIFESTS)
    for (const name of reader.list(treePath(root, folder))) {
      if (!/\.ya?ml$/u.test(name)) continue;
      const content = read(reader, `${root}/${folder}/${name}`) ?? '';
      const document = record(load(content, { schema: JSON_SCHEMA }));
      yield {
        file: posix.basename(name).replace(/(?:\+strategic)?\.ya?ml$/u, ''),
        metadata: record(document['metadata']),
        isEncrypted: 'sops' in document,
      };
    }
}

/** Where kubeadm makes the manifest, its own configuration says what it will announce; empty where there is none. */
function kubeadmAddress(reader: TreeReader, root: string): string {
  const documents = loadAll(read(reader, `${root}/${KUBEADM_CONFIG}`) ?? '', {
    schema: JSON_SCHEMA,
  });
  const init = documents.map(record).find(({ kind }) => kind === 'InitConfiguration');
  const { advertiseAddress, bindPort } = record(init?.['localAPIEndpoint']);
  const host = text(advertiseAddress);
  if (host === '' || typeof bindPort !== 'number') return '';
  return `${host.includes(':') ? `[${host}]` : host}:${bindPort}`;
}

function read(reader: TreeReader, file: string): string | undefined {
  const content = reader.read(treePath(file));
  return content === undefined ? undefined : Buffer.from(content).toString('utf8');
}
