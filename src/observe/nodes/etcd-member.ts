import { load, FAILSAFE_SCHEMA } from 'js-yaml';
import { PkiError } from '../../errors.ts';
import type { DesiredBundle } from '../../model/desired.ts';
import type { EtcdStart } from '../../model/made/etcd.ts';
import { treePath, type TreePath } from '../../model/names.ts';
import type { TreeReader } from '../../model/ports.ts';
import { layout } from '../../model/store/layout.ts';
import { restoreHints } from '../../model/store/restore.ts';

type Mapping = Readonly<Record<string, unknown>>;

/** `name=https://host:port`, any number of them. */
const INITIAL_CLUSTER = /^[^\s=,]+=https?:\/\/[^\s=,]+(?:,[^\s=,]+=https?:\/\/[^\s=,]+)*$/u;

/**
 * How the members of a cluster's etcd were started, by node; those whose manifest is not in the tree are new, unless the tree has
 * what kubeadm was to start them from: then there is a cluster already. A member that runs has its data and looks at neither flag;
 * one that has lost it must join the others again, and never begin a second cluster.
 *
 * @throws PkiError `ERR_STORE` for a manifest that is there and does not say it: to take it for a new member would be a guess.
 */
export function observeEtcdMembers(
  reader: TreeReader,
  tree: string,
  cluster: string,
  bundles: readonly DesiredBundle[],
): Map<string, EtcdStart> {
  const byKubeadm = startedByKubeadm(reader, tree, cluster, bundles);
  return new Map(
    bundles.flatMap(({ node, etcdMember }) => {
      const folder = layout.node(tree, cluster, node);
      const file = treePath(folder, 'etc/kubernetes/manifests/etcd.yaml');
      const content = etcdMember === null ? undefined : reader.read(file);
      if (content === undefined) {
        const start = byKubeadm.get(node);
        return start === undefined ? [] : [[node, start] as const];
      }
      const text = Buffer.from(content).toString('utf8');
      return [[node, etcdStart(text, file, etcdMember?.name ?? '')] as const];
    }),
  );
}

/** Members of nodes that have a configuration of kubeadm and no manifest of etcd, as one cluster that exists. */
function startedByKubeadm(
  reader: TreeReader,
  tree: string,
  cluster: string,
  bundles: readonly DesiredBundle[],
): Map<string, EtcdStart> {
  const started = bundles.flatMap(({ node, etcdMember }) => {
    const file = treePath(layout.node(tree, cluster, node), 'etc/kubernetes/kubeadm/config.yaml');
    return etcdMember === null || reader.read(file) === undefined ? [] : [{ node, etcdMember }];
  });
  const initialCluster = started
    .map(({ etcdMember: { name, peerUrl } }) => `${name}=${peerUrl}`)
    .join(',');
  return new Map(
    started.map(({ node }) => [node, { initialCluster, initialClusterState: 'existing' }]),
  );
}

function etcdStart(text: string, file: TreePath, name: string): EtcdStart {
  const flags = flagsOf(flagLines(text) ?? commandOf(text));
  const initialCluster = flags.get('initial-cluster') ?? '';
  // etcd's own default
  const initialClusterState = flags.get('initial-cluster-state') ?? 'new';
  if (flags.get('name') !== name) throw notUnderstood(file, `it is not of member "${name}"`);
  if (!INITIAL_CLUSTER.test(initialCluster))
    throw notUnderstood(file, 'it has no list of members as --initial-cluster');
  if (!['new', 'existing'].includes(initialClusterState))
    throw notUnderstood(file, '--initial-cluster-state is neither new nor existing');
  return { initialCluster, initialClusterState };
}

/** The lines of flags as they are written here: thousands of manifests are read, and YAML is slow. */
function flagLines(text: string): string[] | undefined {
  const lines = text.match(/^ +- --(?:name|initial-cluster|initial-cluster-state)=\S+$/gmu) ?? [];
  return lines.length === 3 ? lines.map((line) => line.trimStart().slice(2)) : undefined;
}

/** The arguments of the etcd container, however the YAML is written. */
function commandOf(text: string): string[] {
  try {
    const { spec } = mapping(load(text, { schema: FAILSAFE_SCHEMA, maxAliases: 0 }));
    const containers = list(mapping(spec).containers).map(mapping);
    const etcd = containers.find(({ name }) => name === 'etcd');
    return [...list(etcd?.command), ...list(etcd?.args)].filter((word) => typeof word === 'string');
  } catch {
    return [];
  }
}

/** The last value of each flag: the one that etcd takes. */
function flagsOf(words: readonly string[]): Map<string, string> {
  return new Map(
    words.flatMap((word, index) => {
      const [, flag, value = words[index + 1] ?? ''] = /^--?([^=]+)(?:=(.*))?$/su.exec(word) ?? [];
      return flag === undefined ? [] : [[flag, value] as const];
    }),
  );
}

function notUnderstood(file: TreePath, problem: string): PkiError {
  return new PkiError('ERR_STORE', `"${file}" cannot be understood: ${problem}`, {
    hint: [
      ...restoreHints(file),
      'if the member never ran, delete the file: it is then written as that of a new member',
    ],
  });
}

const mapping = (value: unknown): Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
