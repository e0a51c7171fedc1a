import {
  credentialParts,
  treePath,
  type CredentialPath,
  type TreePath,
} from '../../model/names.ts';
import type { ObservedEntry, ObservedKeyset } from '../../model/observed.ts';
import { layout } from '../../model/store/layout.ts';
import { crlDueAt } from '../../model/store/revocations.ts';
import type { TreeReader } from '../../model/ports.ts';
import { listStore, strayError } from '../../observe/cluster.ts';
import { observeKeyset } from '../../observe/keyset.ts';
import { observeLeafValidity, type LeafValidity } from '../../observe/leaf-validity.ts';
import { addSeconds, dueAt, renewAt } from '../../plan/renewal.ts';
import { readPolicies, type Policies } from './policies.ts';
import { problemOf } from './problem.ts';
import { rowCertificate, type Problem, type Row } from './row.ts';
import { restoreHints } from '../../model/store/restore.ts';

/** The folders of the tree that have a store. */
export function storesOf(reader: TreeReader, tree: string): string[] {
  return reader
    .list(treePath(tree))
    .filter((name) => name.endsWith('/'))
    .map((name) => name.slice(0, -1))
    .filter((name) => {
      try {
        return reader.list(layout.store(tree, name)).length > 0;
      } catch {
        return true; // reading it will tell why
      }
    });
}

/** The certificates in the store of a cluster, read without an identity; what cannot be read is a problem and hides nothing else. */
export function readCluster(
  reader: TreeReader,
  tree: string,
  cluster: string,
): { readonly rows: readonly Row[]; readonly problems: readonly Problem[] } {
  const rows: Row[] = [];
  const problems: Problem[] = [];
  const attempt = <T>(file: TreePath, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      problems.push(problemOf(file, error, restoreHints(file)));
      return undefined;
    }
  };
  const store = attempt(layout.store(tree, cluster), () => listStore(reader, tree, cluster));
  const policies = attempt(layout.inventory(tree, cluster), () =>
    readPolicies(reader, tree, cluster),
  );
  for (const path of store?.strays ?? []) problems.push(problemOf(path, strayError(path)));
  for (const path of store?.keysets ?? []) {
    const keyset = attempt(layout.keyset(tree, path), () => observeKeyset(reader, tree, path));
    for (const entry of keyset?.entries ?? []) {
      rows.push(...authorityRow(path, entry, policies));
    }
    if (keyset !== undefined) rows.push(...crlRow(keyset));
  }
  for (const path of store?.leaves ?? []) {
    const file = layout.leaf(tree, path);
    const leaf = attempt(file, () => observeLeafValidity(reader, tree, path));
    if (leaf !== undefined) rows.push(leafRow(leaf, policies));
  }
  return { rows, problems };
}

/** None for a service-account key, which has no certificate. */
function authorityRow(
  path: CredentialPath,
  entry: ObservedEntry,
  policies: Policies | undefined,
): Row[] {
  const { certificate, file, id, state } = entry;
  if (certificate === null) return [];
  const { cluster, name } = credentialParts(path);
  const renewBefore = (policies?.({ node: null, name, id }) ?? entry.policy)?.renewBefore ?? 0;
  return [
    {
      cluster,
      node: null,
      name,
      kind: 'authority',
      certificate: rowCertificate(certificate),
      authority: entry.issuer === null ? name : issuerName(entry.issuer.keyset, cluster),
      // an outgoing entry is not renewed: the rotation that it is in retires it
      renewAt: state === 'outgoing' ? null : addSeconds(certificate.notAfter, -renewBefore),
      externallyManaged: false,
      path: file,
      id,
      state,
    },
  ];
}

/** None for an authority that has revoked nothing. */
function crlRow({ path, entries, revocations }: ObservedKeyset): Row[] {
  const crl = revocations?.crl;
  const signer = entries.find(({ id }) => id === crl?.issuer)?.certificate;
  if (revocations === undefined || !crl || !signer) return [];
  const { cluster, name } = credentialParts(path);
  const { subject } = rowCertificate(signer);
  return [
    {
      cluster,
      node: null,
      name,
      kind: 'crl',
      certificate: {
        subject,
        issuer: subject,
        serialNumber: String(crl.number),
        notBefore: crl.thisUpdate,
        notAfter: crl.nextUpdate,
      },
      authority: name,
      renewAt: crlDueAt(crl),
      externallyManaged: false,
      path: revocations.file,
      id: crl.issuer,
      state: null,
    },
  ];
}

function leafRow(leaf: LeafValidity, policies: Policies | undefined): Row {
  const { path, file, kind, certificate, issuedAt, issuer } = leaf;
  const { cluster, node, name } = credentialParts(path);
  const declared = policies?.({ node, name, id: null });
  const policy = declared ?? leaf.policy;
  const life = { issuedAt, notAfter: certificate.notAfter };
  return {
    cluster,
    node,
    name,
    kind: kind === 'Kubeconfig' ? 'kubeconfig' : 'certificate',
    certificate,
    authority: issuerName(issuer.keyset, cluster),
    renewAt: renewAt(path, policy, life),
    ...(declared?.renewalWindows.length ? { waitsSince: dueAt(path, policy, life) } : {}),
    externallyManaged: false,
    path: file,
    id: null,
    state: null,
  };
}

/** A CA of the same cluster by its name, one of another with its cluster. */
function issuerName(keyset: CredentialPath, cluster: string): string {
  const parts = credentialParts(keyset);
  return parts.cluster === cluster ? parts.name : keyset;
}
