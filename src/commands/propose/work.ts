import { readCluster } from '../check/tree.ts';
import { compare } from '../check/row.ts';
import { credentialPath, type CredentialPath } from '../../model/names.ts';
import type { Action } from '../../model/plan.ts';
import type { TreeReader } from '../../model/ports.ts';
import { clusterOfFile } from '../../model/store/layout.ts';
import type { Work } from '../../propose/policy.ts';
import type { RunResult } from '../pipeline/total.ts';

/** What one pull request does, by the plan that was made on the base. */
export interface ClusterWork extends Work {
  readonly actions: readonly Action[];
  /** When the certificate ends that an action replaces. */
  readonly ends: ReadonlyMap<CredentialPath, Date>;
}

/**
 * The plan of a fleet by branches: one for each run of clusters that belong together, or one for all.
 *
 * @param units names of clusters that refer to each other, mostly one.
 * @param group bundles all of them in one branch of this name.
 */
export function worksOf(
  reader: TreeReader,
  units: readonly (readonly string[])[],
  { tree, actions, files }: RunResult,
  group: string | undefined,
): ClusterWork[] {
  const groups =
    group === undefined
      ? units.map((clusters) => ({ name: [...clusters].sort()[0] ?? '', clusters }))
      : [{ name: group, clusters: units.flat() }];
  return groups.map(({ name, clusters }) => {
    const isIn = new Set(clusters);
    const own = actions.filter(({ cluster }) => isIn.has(cluster));
    const changed = files.list.filter(({ path }) => isIn.has(clusterOfFile(tree, path) ?? ''));
    const set =
      own.length > 0
        ? own.map(({ action, credential }) => `${action} ${credential}`)
        : changed.map(({ change, path }) => `${change} ${path}`);
    return { name, clusters, set, actions: own, ...datesOf(reader, tree, own) };
  });
}

/** The certificates and CRLs as they stand, and the first of them to end; none for what has not been issued yet. */
function datesOf(
  reader: TreeReader,
  tree: string,
  actions: readonly Action[],
): Pick<ClusterWork, 'deadline' | 'renewBefore' | 'ends'> {
  const of = (name: Action['action']): ReadonlySet<CredentialPath> =>
    new Set(actions.filter(({ action }) => action === name).map(({ credential }) => credential));
  const [issued, signed] = [of('issue'), of('revoke')];
  const clusters = new Set(actions.map(({ cluster }) => cluster));
  const leaves = [...clusters]
    .flatMap((cluster) => readCluster(reader, tree, cluster).rows)
    .flatMap(({ cluster, node, name, kind, id, certificate, renewAt }) => {
      const path = credentialPath(cluster ?? '', node, name);
      const isEnding = kind === 'crl' ? signed.has(path) : id === null && issued.has(path);
      if (certificate === null || !isEnding) return [];
      return [{ path, notAfter: certificate.notAfter, renewAt }];
    })
    .sort((a, b) => a.notAfter.getTime() - b.notAfter.getTime() || compare(a.path, b.path));
  const [first] = leaves;
  return {
    deadline: first?.notAfter ?? null,
    renewBefore:
      first === undefined || first.renewAt === null
        ? null
        : first.notAfter.getTime() - first.renewAt.getTime(),
    ends: new Map(leaves.map(({ path, notAfter }) => [path, notAfter])),
  };
}
