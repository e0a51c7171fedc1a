import { createHash } from 'node:crypto';
import type {
  DesiredAuthority,
  DesiredCluster,
  DesiredFleet,
  DesiredLeaf,
  DesiredServiceAccountKey,
  DesiredUnit,
} from '../../src/model/desired.ts';
import { credentialParts, credentialPath, type CredentialPath } from '../../src/model/names.ts';
import type {
  EntryState,
  ObservedCluster,
  ObservedEntry,
  ObservedKeyset,
  ObservedLeaf,
  UnreadableLeaf,
} from '../../src/model/observed.ts';
import { layout } from '../../src/model/store/layout.ts';
import { EXTENDED_KEY_USAGES, type CertificateInfo } from '../../src/model/x509.ts';

/** Desired and observed state as plain data, valid by default; a test says only what it is about. */

export const NOW = new Date('2026-11-22T08:00:00.000Z');
export const TREE = 'deploy';
export const DAY = 86_400;
/** Recipients that nobody encrypts to. */
export const ALICE = 'age1alice';
export const BOB = 'age1bob';

export function after(date: Date, seconds: number): Date {
  return new Date(date.getTime() + seconds * 1000);
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function authority(path: string, over: Partial<DesiredAuthority> = {}): DesiredAuthority {
  const { cluster, name } = credentialParts(path as CredentialPath);
  return {
    kind: 'CertificateAuthority',
    path: path as CredentialPath,
    cluster,
    name,
    constructPath: path,
    keyAlgorithm: 'ECDSA-P256',
    subject: { commonName: path },
    dnsNames: [],
    issuer: null,
    pathLength: null,
    validity: 3650 * DAY,
    renewBefore: 398 * DAY,
    rotation: { soak: DAY, automatic: false, outsideLife: 0 },
    ...over,
  };
}

export function serviceAccountKey(
  path: string,
  over: Partial<DesiredServiceAccountKey> = {},
): DesiredServiceAccountKey {
  const { cluster, name } = credentialParts(path as CredentialPath);
  return {
    kind: 'ServiceAccountKey',
    path: path as CredentialPath,
    cluster,
    name,
    constructPath: path,
    keyAlgorithm: 'ECDSA-P256',
    rotation: { soak: DAY, automatic: false, outsideLife: 0 },
    ...over,
  };
}

/** A server certificate of the cluster's `ca`. */
export function leaf(path: string, over: Partial<DesiredLeaf> = {}): DesiredLeaf {
  const { cluster, node, name } = credentialParts(path as CredentialPath);
  return {
    kind: 'Certificate',
    path: path as CredentialPath,
    cluster,
    node,
    name,
    constructPath: path,
    keyAlgorithm: 'ECDSA-P256',
    issuer: credentialPath(cluster, null, 'ca'),
    profile: 'server',
    subject: { commonName: name },
    dnsNames: [`${name}.example.com`],
    ipAddresses: [],
    uris: [],
    validity: 365 * DAY,
    renewBefore: 90 * DAY,
    renewBeforePercentage: null,
    renewalWindows: [],
    jitter: 7 * DAY,
    kubeconfig: null,
    ...over,
  };
}

export function kubeconfig(path: string, over: Partial<DesiredLeaf> = {}): DesiredLeaf {
  const { cluster, name } = credentialParts(path as CredentialPath);
  return leaf(path, {
    kind: 'Kubeconfig',
    profile: 'client',
    subject: { commonName: name, organizations: ['deployers'] },
    dnsNames: [],
    kubeconfig: { server: 'https://api.example.com:6443', clusterName: cluster, user: name },
    ...over,
  });
}

export function cluster(name: string, over: Partial<DesiredCluster> = {}): DesiredCluster {
  return {
    name,
    recipients: [ALICE],
    deliveryRecipients: [],
    nodes: [],
    hasStore: true,
    authorities: [],
    serviceAccountKeys: [],
    leaves: [],
    manifests: [],
    bundles: [],
    ...over,
  };
}

export function unit(...clusters: readonly DesiredCluster[]): DesiredUnit {
  return { clusters, imports: [], exports: [], users: [] };
}

export function fleet(
  clusters: readonly DesiredCluster[],
  over: Partial<DesiredFleet> = {},
): DesiredFleet {
  return {
    tree: TREE,
    removedRecipients: [],
    encryption: 'native',
    clusters: clusters.map(({ name, recipients, deliveryRecipients, nodes, hasStore }) => ({
      name,
      recipients,
      deliveryRecipients,
      nodes,
      hasStore,
    })),
    ...over,
  };
}

/** The certificate that a credential would have, with a readable text in place of PEM. */
export function certificateOf(
  desired: DesiredLeaf | DesiredAuthority,
  over: Partial<CertificateInfo> = {},
): CertificateInfo {
  const isLeaf = desired.kind !== 'CertificateAuthority';
  return {
    pem: `(certificate of ${desired.path})\n`,
    subject: desired.subject,
    issuer: `CN=${desired.issuer ?? desired.path}`,
    serialNumber: sha256(`serial ${desired.path}`).slice(0, 32).toUpperCase(),
    notBefore: after(NOW, -DAY),
    notAfter: after(NOW, desired.validity - DAY),
    isCa: !isLeaf,
    dnsNames: desired.dnsNames,
    ipAddresses: isLeaf ? desired.ipAddresses : [],
    uris: isLeaf ? desired.uris : [],
    extendedKeyUsages: isLeaf ? EXTENDED_KEY_USAGES[desired.profile] : [],
    keyAlgorithm: desired.keyAlgorithm,
    spki: sha256(desired.path),
    ...over,
  };
}

/** An entry whose id and key follow from `seed`. */
export function observedEntry(
  desired: DesiredAuthority | DesiredServiceAccountKey,
  state: EntryState = 'issuing',
  seed: string = desired.path,
  over: Partial<ObservedEntry> = {},
): ObservedEntry {
  const spki = sha256(seed);
  const id = spki.slice(0, 16);
  const isAuthority = desired.kind === 'CertificateAuthority';
  return {
    id,
    file: layout.entry(TREE, desired.path, id),
    state,
    spki,
    certificate: isAuthority
      ? certificateOf(desired, { spki, pem: `(certificate of ${seed})\n` })
      : null,
    keyAlgorithm: desired.keyAlgorithm,
    publicKey: `(public key of ${seed})\n`,
    issuer:
      isAuthority && desired.issuer !== null
        ? { keyset: desired.issuer, id: sha256(desired.issuer).slice(0, 16) }
        : null,
    issuedAt: after(NOW, -DAY),
    policy: isAuthority
      ? { validity: desired.validity, renewBefore: desired.renewBefore, jitter: 0 }
      : null,
    pathLength: isAuthority ? desired.pathLength : null,
    recipients: [ALICE],
    formerRecipients: [],
    ...over,
  };
}

export function observedKeyset(
  desired: DesiredAuthority | DesiredServiceAccountKey,
  entries: readonly ObservedEntry[] = [observedEntry(desired)],
): ObservedKeyset {
  const unsigned = { signature: '', countersignature: null };
  return { path: desired.path, kind: desired.kind, revision: 1, ...unsigned, entries };
}

/** The leaf as `desired` says, signed by its issuer's only entry. */
export function observedLeaf(desired: DesiredLeaf, over: Partial<ObservedLeaf> = {}): ObservedLeaf {
  const { path, kind, issuer, validity, renewBefore, jitter } = desired;
  return {
    path,
    file: layout.leaf(TREE, path),
    kind,
    certificate: certificateOf(desired),
    issuer: { keyset: issuer, id: sha256(issuer).slice(0, 16) },
    issuedAt: after(NOW, -DAY),
    reason: 'Missing',
    policy: { validity, renewBefore, jitter },
    signedByIssuer: true,
    spki: sha256(path),
    recipients: [ALICE],
    formerRecipients: [],
    ...over,
  };
}

/** The store as it is when everything of `desired` is there and as declared. */
export function observedCluster(
  desired: DesiredCluster,
  over: {
    readonly keysets?: readonly ObservedKeyset[];
    readonly leaves?: readonly (ObservedLeaf | UnreadableLeaf)[];
  } = {},
): ObservedCluster {
  const keysets =
    over.keysets ??
    [...desired.authorities, ...desired.serviceAccountKeys].map((keyset) => observedKeyset(keyset));
  const leaves = over.leaves ?? desired.leaves.map((item) => observedLeaf(item));
  return {
    name: desired.name,
    keysets: new Map(keysets.map((keyset) => [keyset.path, keyset])),
    leaves: new Map(leaves.map((item) => [item.path, item])),
    replaced: [],
  };
}
