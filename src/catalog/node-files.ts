import type { ReferencePart } from '../model/reference.ts';
import { AUTHORITIES, SERVICE_ACCOUNT_KEY } from './authorities.ts';
import { CERTIFICATES } from './certificates.ts';
import { KUBECONFIGS } from './kubeconfigs.ts';

export interface NodeFileRow {
  /** kubeadm's name of the credential. */
  readonly credential: string;
  readonly part: ReferencePart;
  /** Below `/etc/kubernetes`. */
  readonly path: string;
  readonly mode: number;
  readonly secret: boolean;
  /** A CA key that kubeadm can do without; kube-controller-manager signs with `ca.key` alone. */
  readonly optionalCaKey: boolean;
}

/** kubeadm's permissions by what a file holds (keyutil.WriteKey, cert.WriteCert); it writes sa.pub as a key. */
const MODES: Readonly<Record<ReferencePart, number>> = {
  certificate: 0o644,
  trustBundle: 0o644,
  publicKeys: 0o600,
  privateKey: 0o600,
  content: 0o600,
  crl: 0o644,
};

function row(credential: string, part: ReferencePart, path: string): NodeFileRow {
  const secret = part === 'privateKey' || part === 'content';
  return { credential, part, path, mode: MODES[part], secret, optionalCaKey: false };
}

/** Files of a control-plane node, by the credential part that each one holds. */
export const NODE_FILES: readonly NodeFileRow[] = [
  ...AUTHORITIES.flatMap(({ name, baseFile }) => [
    row(name, 'trustBundle', `pki/${baseFile}.crt`),
    { ...row(name, 'privateKey', `pki/${baseFile}.key`), optionalCaKey: name !== 'ca' },
  ]),
  // --cluster-signing-cert-file takes one certificate, while ca.crt holds two during a rotation (DESIGN §4).
  row('ca', 'certificate', 'pki/cluster-signing-ca.crt'),
  row(SERVICE_ACCOUNT_KEY.name, 'publicKeys', `pki/${SERVICE_ACCOUNT_KEY.baseFile}.pub`),
  row(SERVICE_ACCOUNT_KEY.name, 'privateKey', `pki/${SERVICE_ACCOUNT_KEY.baseFile}.key`),
  ...CERTIFICATES.flatMap(({ name, baseFile }) => [
    row(name, 'certificate', `pki/${baseFile}.crt`),
    row(name, 'privateKey', `pki/${baseFile}.key`),
  ]),
  ...KUBECONFIGS.map(({ name }) => row(name, 'content', name)),
];
