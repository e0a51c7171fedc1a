import type { IConstruct } from 'constructs';
import { UNFIT_ALGORITHMS } from '../../catalog/authorities.ts';
import type { DesiredCluster } from '../../model/desired.ts';
import type { KeyAlgorithm } from '../../model/names.ts';
import type { Fleet, Folder, Report } from '../fleet/collect.ts';
import { scopeOf } from '../describe/credentials.ts';
import { markOf } from '../tree/mark.ts';
import { pathOf } from '../tree/place.ts';
import { effectiveSettings } from '../tree/settings.ts';
import type { Constructs } from './subjects.ts';

/** Key algorithms that what loads the key cannot use. */
export function checkAlgorithms(
  fleet: Fleet,
  folder: Folder,
  cluster: DesiredCluster,
  constructs: Constructs,
  report: Report,
): void {
  for (const { path, keyAlgorithm } of cluster.serviceAccountKeys) {
    const reason = UNFIT_ALGORITHMS.serviceAccount[keyAlgorithm];
    if (reason !== undefined)
      report(
        constructs.get(path) ?? folder.construct,
        `${keyAlgorithm} cannot be used for service-account keys: ${reason}`,
      );
  }
  const { kubeadm } = folder.cluster ?? {};
  if (!kubeadm) return;
  const { settings } = scopeOf(fleet, folder);
  const unfit = (algorithm: KeyAlgorithm): string | undefined =>
    UNFIT_ALGORITHMS.kubeadm[algorithm];
  const reason = unfit(settings.keyAlgorithm);
  if (reason !== undefined)
    report(
      folder.construct,
      `keyAlgorithm ${settings.keyAlgorithm} cannot be used for a KubeadmCluster: ${reason}`,
    );
  for (const keyset of kubeadm.keysets) {
    const mark = markOf(keyset);
    if (mark?.kind !== 'CertificateAuthority') continue;
    const algorithm = mark.keyAlgorithm ?? sharedAlgorithm(fleet, keyset, folder);
    const why = algorithm && unfit(algorithm);
    if (why !== undefined && why !== '')
      report(
        folder.construct,
        `${algorithm as string} of authority "${pathOf(keyset)}" cannot be used for a KubeadmCluster: ${why}`,
      );
  }
}

/** What a shared authority inherits from the App; undefined for one of the cluster, which is told with the cluster. */
function sharedAlgorithm(
  fleet: Fleet,
  keyset: IConstruct,
  folder: Folder,
): KeyAlgorithm | undefined {
  return keyset.node.scopes.includes(folder.construct)
    ? undefined
    : effectiveSettings(fleet.mark.settings).keyAlgorithm;
}
