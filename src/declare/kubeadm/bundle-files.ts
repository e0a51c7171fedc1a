import { NODE_FILES } from '../../catalog/node-files.ts';
import { ETCD_CRL } from '../../catalog/static-pods/places.ts';
import { credentialPath, type CredentialPath } from '../../model/names.ts';
import { formatReference } from '../../model/reference.ts';
import type { BundleFile } from '../tree/props.ts';

const CERTIFICATES_DIR = 'etc/kubernetes';

export interface BundleSource {
  readonly cluster: string;
  readonly node: string;
  /** By kubeadm's name. */
  readonly keysets: ReadonlyMap<string, CredentialPath>;
  /** Names of the credentials that belong to the node. */
  readonly leaves: ReadonlySet<string>;
  readonly externalEtcd: boolean;
  readonly kubeadmCaKeys: boolean;
}

/** The files of a control-plane node, as kubeadm lays them out. */
export function bundleFiles(source: BundleSource): Record<string, BundleFile> {
  const files: Record<string, BundleFile> = {};
  for (const { credential: name, part, path, mode, secret, optionalCaKey } of NODE_FILES) {
    if (optionalCaKey && !(source.kubeadmCaKeys && !isExternal(source, name))) continue;
    const credential = source.leaves.has(name)
      ? credentialPath(source.cluster, source.node, name)
      : source.keysets.get(name);
    if (credential === undefined) continue;
    const content = formatReference({ credential, part, form: 'pem' });
    files[`${CERTIFICATES_DIR}/${path}`] = { content, mode, secret };
  }
  const etcdCa = source.externalEtcd ? undefined : source.keysets.get('etcd-ca');
  if (etcdCa !== undefined) {
    const content = formatReference({ credential: etcdCa, part: 'crl', form: 'der' });
    files[ETCD_CRL.slice(1)] = { content, mode: 0o644 };
  }
  return files;
}

/** The key of an external etcd's authority has no business on a Kubernetes node. */
const isExternal = (source: BundleSource, name: string): boolean =>
  source.externalEtcd && name === 'etcd-ca';
