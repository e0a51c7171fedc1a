import { AUTHORITIES } from '../catalog/authorities.ts';
import { CERTIFICATES } from '../catalog/certificates.ts';
import { KUBECONFIGS } from '../catalog/kubeconfigs.ts';

/** A file of a control-plane node as kubeadm makes them. */
export interface ExpectedFile {
  /** kubeadm's name in `certs check-expiration`. */
  readonly name: string;
  readonly kind: 'certificate' | 'authority' | 'kubeconfig';
  /** Below `/etc/kubernetes`. */
  readonly path: string;
  /** The CA that kubeadm prints. */
  readonly authority: string;
  /** Whether its absence is printed. */
  readonly isExpected: boolean;
}

/**
 * The rows of `kubeadm certs check-expiration` (phases/certs/renewal/manager.go), and kubelet.conf, which kubeadm leaves to the
 * kubelet. super-admin.conf is on the first node only; kubeadm prints it as missing on the others.
 */
export const EXPECTED_FILES: readonly ExpectedFile[] = [
  ...AUTHORITIES.map(({ name, baseFile }): ExpectedFile => ({
    name,
    kind: 'authority',
    path: `pki/${baseFile}.crt`,
    authority: name,
    isExpected: true,
  })),
  ...CERTIFICATES.map(({ name, baseFile, issuer }): ExpectedFile => ({
    name,
    kind: 'certificate',
    path: `pki/${baseFile}.crt`,
    authority: issuer,
    isExpected: true,
  })),
  ...[...KUBECONFIGS.map(({ name }) => name), 'super-admin.conf'].map((name): ExpectedFile => ({
    name,
    kind: 'kubeconfig',
    path: name,
    authority: 'ca',
    isExpected: name !== 'kubelet.conf',
  })),
];

/** Folders below `/etc/kubernetes` whose other `*.crt` files are looked at as well. */
export const CERTIFICATE_FOLDERS = ['pki', 'pki/etcd'] as const;
