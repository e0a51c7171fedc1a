declare const brand: unique symbol;

/** `<cluster>/<name>`, or `<cluster>/<node>/<name>` where the credential belongs to a node. */
export type CredentialPath = string & { readonly [brand]: 'CredentialPath' };

/** A file from the working directory, with forward slashes: `deploy/prod/pki/ca/keyset.yaml`. */
export type TreePath = string & { readonly [brand]: 'TreePath' };

/** A span of time in whole seconds. */
export type Seconds = number;

export type KeyAlgorithm =
  'RSA-2048' | 'RSA-3072' | 'RSA-4096' | 'ECDSA-P256' | 'ECDSA-P384' | 'Ed25519';

export type Profile = 'ca' | 'server' | 'client' | 'peer';

/** A distinguished name: the attributes of RFC 5280 §4.1.2.4 that Kubernetes PKI uses. */
export interface Subject {
  readonly commonName?: string;
  readonly organizations?: readonly string[];
  readonly organizationalUnits?: readonly string[];
  readonly country?: string;
  readonly serialNumber?: string;
}

/** The subject alternative names of RFC 5280 §4.2.1.6, canonical: lower-case DNS names, shortest IP text. */
export interface AlternativeNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
}

export function credentialPath(cluster: string, node: string | null, name: string): CredentialPath {
  return (node === null ? `${cluster}/${name}` : `${cluster}/${node}/${name}`) as CredentialPath;
}

export function treePath(...parts: readonly string[]): TreePath {
  return parts.join('/') as TreePath;
}

/** The cluster, the node (null where it belongs to none) and the name that a credential path is made of. */
export function credentialParts(path: CredentialPath): {
  readonly cluster: string;
  readonly node: string | null;
  readonly name: string;
} {
  const [cluster = '', second = '', third] = path.split('/');
  return third === undefined
    ? { cluster, node: null, name: second }
    : { cluster, node: second, name: third };
}
