import type { DesiredCluster } from '../../model/desired.ts';
import type { ObservedCluster } from '../../model/observed.ts';
import type { Action } from '../../model/plan.ts';
import type { PlannedReissue } from '../../model/store/rotation.ts';

/** The authorities of a cluster whose certificates are to be signed again with the same key. Pure. */
export function planReissues(
  { authorities }: DesiredCluster,
  store: ObservedCluster | undefined,
): PlannedReissue[] {
  return authorities.flatMap((desired) =>
    (store?.keysets.get(desired.path)?.entries ?? [])
      .filter(({ reissue }) => reissue !== undefined)
      .map((entry) => ({ desired, entry })),
  );
}

export function reissueAction({
  desired: { cluster, path },
  entry: { id, certificate, reissue },
}: PlannedReissue): Action {
  const [was, is] = [certificate, reissue].map((of) => of?.notAfter.toISOString() ?? '');
  return {
    action: 'reissue',
    cluster,
    credential: path,
    reason: 'Reissue',
    message: `the certificate of ${id} is signed again with the same key, until ${is ?? ''} instead of ${was ?? ''}`,
    needsIdentity: true,
  };
}
