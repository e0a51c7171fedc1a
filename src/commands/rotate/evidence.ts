import path from 'node:path';
import { PkiError } from '../../errors.ts';
import { expectedCluster } from '../../evidence/expected.ts';
import { fetchView, guardCluster } from '../../evidence/fetch.ts';
import { judge } from '../../evidence/judge.ts';
import { kubectlApi, type ClusterApi } from '../../evidence/kubectl.ts';
import type { CredentialPath } from '../../model/names.ts';
import { noEvidence, type Evidence } from '../../model/store/evidence.ts';
import { SHARED } from '../../model/store/layout.ts';
import type { RotationStatus } from '../../model/store/rotation.ts';
import { treeReader } from '../../observe/source/reader.ts';
import { isByEvidence } from '../../plan/rotation/with-evidence.ts';
import type { Invocation } from '../command.ts';

export interface Asked {
  readonly evidence: ReadonlyMap<CredentialPath, Evidence>;
  /** Clusters that could not be asked, and why. */
  readonly failures: ReadonlyMap<string, PkiError>;
}

/**
 * What running clusters say of stages that are merged: those with a context of their name in the file of `--kubeconfig`, and nobody
 * where that is not given. One cluster that cannot be asked is none of another's.
 *
 * @param cwd the checkout that has the tree.
 */
export async function askClusters(
  { cwd: own, environment, options: { kubeconfig } }: Invocation,
  cwd: string,
  tree: string,
  statuses: readonly RotationStatus[],
): Promise<Asked> {
  const evidence = new Map<CredentialPath, Evidence>();
  const failures = new Map<string, PkiError>();
  if (kubeconfig === undefined) return { evidence, failures };
  const props = { kubeconfig: path.resolve(own, kubeconfig), environment };
  const reader = treeReader(cwd);
  const merged = statuses.filter(({ standing, since }) => standing !== 'steady' && since !== null);
  for (const cluster of new Set(merged.map(clusterOf))) {
    const wanted = merged.filter((status) => clusterOf(status) === cluster);
    const none = (why: string): void => {
      for (const { keyset } of wanted) evidence.set(keyset, noEvidence(why));
    };
    if (cluster === SHARED) {
      none('clusters share it: nobody is asked');
      continue;
    }
    try {
      const api: ClusterApi | undefined = await kubectlApi(props, cluster);
      if (api === undefined) {
        none(`"${kubeconfig}" has no context "${cluster}": nobody is asked`);
        continue;
      }
      const expected = expectedCluster(reader, tree, cluster);
      await guardCluster(api, cluster, expected);
      for (const status of wanted) {
        const view = await fetchView(api, status.domain, expected);
        evidence.set(status.keyset, judge(status, expected, view));
      }
    } catch (error) {
      if (!(error instanceof PkiError)) throw error;
      none(`it could not be asked: ${error.message}`);
      failures.set(cluster, error);
    }
  }
  return { evidence, failures };
}

/** Whether a stage waits for time alone, which evidence may take the place of. */
export const isWaiting = ({ standing, since, notBefore }: RotationStatus, now: Date): boolean =>
  standing !== 'steady' && since !== null && (notBefore === null || now < notBefore);

export const clusterOf = ({ keyset }: Pick<RotationStatus, 'keyset'>): string =>
  keyset.split('/')[0] ?? '';

/** What made a stage follow before its time, for people; nothing where it was time alone. */
export function evidenceLines(status: RotationStatus, now: Date): string[] {
  const { evidence, next } = status;
  if (evidence === null || !isByEvidence(status, now)) return [];
  const instead =
    evidence.insteadOf === null
      ? 'without it nobody would know when'
      : `without it not before ${evidence.insteadOf.toISOString()}`;
  return [
    `${next} follows by what the cluster says, ${instead}`,
    ...evidence.holds.map((sentence) => `seen: ${sentence}`),
    ...evidence.unseen.map((who) => `nobody can see: ${who}`),
  ];
}
