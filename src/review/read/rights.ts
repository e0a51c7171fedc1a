import { loadAll } from 'js-yaml';
import { UNRESTRICTED_GROUP } from '../../catalog/kubeconfigs.ts';
import { treePath, type TreePath } from '../../model/names.ts';
import type { CertificateFacts } from '../report.ts';
import type { Side } from './side.ts';

type Mapping = Readonly<Record<string, unknown>>;

/** A subject that RBAC gives all rights. */
export interface Binding {
  readonly file: TreePath;
  /** `Group deployers`, `ServiceAccount kube-system/x`. */
  readonly subject: string;
  /** `ClusterRoleBinding kubeadm:cluster-admins`. */
  readonly by: string;
}

/** Who has all rights in a cluster, as its manifests and its certificates say. */
export interface Rights {
  readonly bindings: readonly Binding[];
  readonly of: (identity: CertificateFacts) => string | undefined;
}

const ADMIN = 'cluster-admin';

/** Reads the RBAC objects of a cluster's charts. */
export function readRights(side: Side, cluster: TreePath): Rights {
  const files = side
    .list(cluster)
    .filter((name) => name.endsWith('/') && !['pki/', 'nodes/', 'kubeconfigs/'].includes(name))
    .flatMap((name) => side.files(treePath(cluster, name.slice(0, -1))));
  const objects = files.flatMap((file) =>
    objectsIn(side, file).map((object) => ({ file, object })),
  );
  const roles = new Set([ADMIN]);
  for (const { object } of objects) {
    const name = nameOf(object);
    if (object['kind'] === 'ClusterRole' && allowsAll(object['rules'])) roles.add(name);
  }
  const bindings = objects.flatMap(({ file, object }): Binding[] => {
    const { kind, roleRef } = object;
    const isBinding = kind === 'ClusterRoleBinding' || kind === 'RoleBinding';
    if (!isBinding || !isMapping(roleRef) || roleRef['kind'] !== 'ClusterRole') return [];
    if (!roles.has(text(roleRef['name']))) return [];
    const by = `${kind} ${nameOf(object)}`;
    return mappings(object['subjects']).map((subject) => ({
      file,
      by,
      subject: subjectName(subject),
    }));
  });
  const everywhere = bindings.filter(({ by }) => by.startsWith('ClusterRoleBinding '));
  const known = new Map(everywhere.map(({ subject, by }) => [subject, by]));
  return {
    bindings,
    of: ({ organizations, commonName }) => {
      if (organizations.includes(UNRESTRICTED_GROUP))
        return `${UNRESTRICTED_GROUP} passes every authorization check`;
      for (const name of [
        ...organizations.map((group) => `Group ${group}`),
        `User ${commonName}`,
      ]) {
        const by = known.get(name);
        if (by !== undefined) return `${by} binds ${name} to ${ADMIN}`;
      }
      return undefined;
    },
  };
}

function objectsIn(side: Side, file: TreePath): Mapping[] {
  const content = side.text(file) ?? '';
  // nothing else is of interest, and parsing takes long
  if (!/ClusterRole/u.test(content)) return [];
  try {
    const documents: unknown[] = loadAll(content);
    return documents
      .filter(isMapping)
      .flatMap((document) => [document, ...mappings(document['items'])]);
  } catch {
    return []; // whoever applies it is told
  }
}

function allowsAll(rules: unknown): boolean {
  const has = (list: unknown, word: string): boolean => Array.isArray(list) && list.includes(word);
  return mappings(rules).some(
    (rule) => has(rule['verbs'], '*') && has(rule['resources'], '*') && has(rule['apiGroups'], '*'),
  );
}

function subjectName(subject: Mapping): string {
  const namespace = subject['namespace'] === undefined ? '' : `${text(subject['namespace'])}/`;
  return `${text(subject['kind'])} ${namespace}${text(subject['name'])}`;
}

function nameOf(object: Mapping): string {
  return isMapping(object['metadata']) ? text(object['metadata']['name']) : '';
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const mappings = (value: unknown): Mapping[] =>
  Array.isArray(value) ? (value as unknown[]).filter(isMapping) : [];

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
