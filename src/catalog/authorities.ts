import type { KeyAlgorithm } from '../model/names.ts';

/** Trust domains of a kubeadm cluster, each one keyset. */
export type AuthorityName = 'ca' | 'etcd-ca' | 'front-proxy-ca';

export interface AuthorityRow {
  readonly name: AuthorityName;
  readonly commonName: string;
  /** Below certificatesDir (`/etc/kubernetes/pki`), without extension. */
  readonly baseFile: string;
}

/** kubeadm's certificate authorities (cmd/kubeadm/app/phases/certs/certlist.go). */
export const AUTHORITIES: readonly AuthorityRow[] = [
  { name: 'ca', commonName: 'kubernetes', baseFile: 'ca' },
  { name: 'etcd-ca', commonName: 'etcd-ca', baseFile: 'etcd/ca' },
  { name: 'front-proxy-ca', commonName: 'front-proxy-ca', baseFile: 'front-proxy-ca' },
];

/** The keyset that signs service-account tokens; kubeadm's `sa.key` and `sa.pub`. */
export const SERVICE_ACCOUNT_KEY = { name: 'service-account-key', baseFile: 'sa' } as const;

/** Why a key algorithm cannot serve in a place; an algorithm that is not listed can. */
export const UNFIT_ALGORITHMS: Readonly<
  Record<'serviceAccount' | 'kubeadm', Partial<Record<KeyAlgorithm, string>>>
> = {
  serviceAccount: {
    Ed25519:
      'kube-apiserver signs and verifies service-account tokens with RS256, ES256, ES384 or ES512 only',
  },
  kubeadm: {
    Ed25519: 'kubeadm and the kubeconfig loader read RSA and ECDSA private keys only',
  },
};
