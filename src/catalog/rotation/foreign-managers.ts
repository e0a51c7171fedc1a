import type { DesiredCluster, KeysetUser } from '../../model/desired.ts';
import type { CredentialPath } from '../../model/names.ts';
import { formatReference } from '../../model/reference.ts';

const KEY = 'etc/kubernetes/pki/ca.key';
const SIGNING_CERTIFICATE = 'etc/kubernetes/pki/cluster-signing-ca.crt';
const MANAGER = 'kube-controller-manager';

/**
 * Clusters whose nodes have the key with which kube-controller-manager signs, but no manifest of it: what that names as
 * `--cluster-signing-cert-file` is not ours to say, and with two certificates in there it exits (DESIGN §7).
 *
 * @param clusters those of the keyset's unit
 * @param users those of the fleet that share it
 */
export function foreignManagers(
  clusters: readonly Pick<DesiredCluster, 'name' | 'bundles'>[],
  keyset: CredentialPath,
  users: readonly KeysetUser[],
): string[] {
  const key = formatReference({ credential: keyset, part: 'privateKey', form: 'pem' });
  const own = clusters.filter(({ bundles }) => {
    const files = bundles.flatMap((bundle) => bundle.files);
    return (
      files.some(({ path, content }) => path === KEY && content === key) &&
      !files.some(({ reads }) => reads.includes(SIGNING_CERTIFICATE))
    );
  });
  const sharing = users.filter(
    ({ issued }) => issued.files.includes(KEY) && !issued.pods.includes(MANAGER),
  );
  return [...own.map(({ name }) => name), ...sharing.map(({ cluster }) => cluster)];
}
