import { PkiError } from '../../errors.ts';
import type { CredentialPath, TreePath } from '../../model/names.ts';
import type {
  IssuerId,
  ObservedEntry,
  ObservedKeyset,
  ObservedLeaf,
} from '../../model/observed.ts';
import type { TreeReader } from '../../model/ports.ts';
import type { CertificateInfo } from '../../model/x509.ts';
import { listStore, strayError } from '../../observe/cluster.ts';
import { observeKeyset } from '../../observe/keyset.ts';
import { observeLeaf } from '../../observe/leaf.ts';
import { isIssuedBy } from '../../x509/read/issued.ts';
import { finding, findingOfError, type Finding } from '../finding.ts';
import { lintCertificate } from './lint.ts';

/** The credentials of a tree, as far as they can be read. */
export interface Stores {
  readonly keysets: ReadonlyMap<CredentialPath, ObservedKeyset>;
  readonly leaves: ReadonlyMap<CredentialPath, ObservedLeaf>;
  readonly findings: readonly Finding[];
}

/**
 * Reads the stores of all clusters without an identity: signatures and states of keysets, whose each document is, who signed each
 * certificate, and its form. What is wrong with one hides nothing of the others.
 */
export function verifyStores(
  reader: TreeReader,
  tree: string,
  clusters: readonly string[],
): Stores {
  const findings: Finding[] = [];
  const attempt = <T>(cluster: string, credential: CredentialPath | null, read: () => T) => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof PkiError)) throw error;
      findings.push(findingOfError(error, { cluster, credential }));
      return undefined;
    }
  };
  const keysets = new Map<CredentialPath, ObservedKeyset>();
  const listed = clusters.flatMap((cluster) => {
    const store = attempt(cluster, null, () => listStore(reader, tree, cluster));
    return store === undefined ? [] : [{ cluster, store }];
  });
  for (const { cluster, store } of listed) {
    for (const path of store.strays) findings.push(findingOfError(strayError(path), { cluster }));
    for (const path of store.keysets) {
      const keyset = attempt(cluster, path, () => observeKeyset(reader, tree, path));
      if (keyset !== undefined) keysets.set(path, keyset);
    }
  }
  const leaves = new Map<CredentialPath, ObservedLeaf>();
  for (const { cluster, store } of listed) {
    for (const path of store.leaves) {
      const find = (issuer: CredentialPath): ObservedKeyset | undefined => keysets.get(issuer);
      const leaf = attempt(cluster, path, () => observeLeaf(reader, tree, path, find));
      if (leaf === undefined) continue;
      if (!('unreadable' in leaf)) leaves.set(path, leaf);
      else {
        const error = new PkiError('ERR_STORE', leaf.unreadable);
        findings.push(findingOfError(error, { cluster, credential: path, file: leaf.file }));
      }
    }
  }
  const items = [
    ...[...keysets].flatMap(([path, keyset]) =>
      keyset.entries.map((entry) => ({ path, ...entry })),
    ),
    ...leaves.values(),
  ];
  return {
    keysets,
    leaves,
    findings: [
      ...findings,
      ...items.flatMap((item) => certificateFindings(item, keysets)),
      ...sharedKeys(items),
      ...sharedSerials(items),
    ],
  };
}

type Item = (ObservedEntry & { readonly path: CredentialPath }) | ObservedLeaf;

function placeOf({ path, file }: { readonly path: CredentialPath; readonly file: TreePath }): {
  readonly cluster: string;
  readonly credential: CredentialPath;
  readonly file: TreePath;
} {
  return { cluster: path.split('/')[0] ?? '', credential: path, file };
}

function certificateFindings(
  item: Item,
  keysets: ReadonlyMap<CredentialPath, ObservedKeyset>,
): Finding[] {
  const { certificate, issuer, path } = item;
  if (certificate === null) return [];
  const above = issuer === null ? certificate : certificateOf(issuer, keysets);
  const problems = lintCertificate(certificate, above);
  const broken = chainProblem(item, certificate, above);
  return [
    ...(broken === undefined ? [] : [finding('ChainBroken', `${path} ${broken}`, placeOf(item))]),
    ...problems.map((text) => finding('CertificateForm', `${path}: ${text}`, placeOf(item))),
  ];
}

function certificateOf(
  { keyset, id }: IssuerId,
  keysets: ReadonlyMap<CredentialPath, ObservedKeyset>,
): CertificateInfo | undefined {
  return keysets.get(keyset)?.entries.find((entry) => entry.id === id)?.certificate ?? undefined;
}

/** An issuer that is gone was retired: the leaf is issued again, as the plan says. */
function chainProblem(
  { issuer, spki }: Item,
  certificate: CertificateInfo,
  above: CertificateInfo | undefined,
): string | undefined {
  if (certificate.spki !== spki) return 'has a certificate that is not for the key it names';
  if (above === undefined || isIssuedBy(certificate, above)) return undefined;
  return issuer === null
    ? 'has no issuer and is not signed by itself'
    : `is not signed by its issuer ${issuer.keyset}/${issuer.id}`;
}

function sharedKeys(items: readonly Item[]): Finding[] {
  return shared(items, ({ spki }) => spki).map(([first, other]) =>
    finding(
      'DuplicateKey',
      `${other.path} has the key of ${first.path}: who has one is the other as well`,
      placeOf(other),
    ),
  );
}

/** etcd's CRL knows serial numbers only (kubernetes-pki: revocation), and RFC 5280 §4.1.2.2 wants them unique for an issuer. */
function sharedSerials(items: readonly Item[]): Finding[] {
  const certified = items.filter(({ certificate }) => certificate !== null);
  const serialOf = ({ path, issuer, certificate }: Item): string =>
    [issuer?.keyset ?? path, issuer?.id ?? '', certificate?.serialNumber].join('\0');
  return shared(certified, serialOf).map(([first, other]) =>
    finding(
      'DuplicateSerial',
      `${other.path} has the serial number of ${first.path}, and the same issuer`,
      placeOf(other),
    ),
  );
}

/** Each that has what an earlier one has, with that one. */
function shared(items: readonly Item[], keyOf: (item: Item) => string): [Item, Item][] {
  const known = new Map<string, Item>();
  return items.flatMap((item): [Item, Item][] => {
    const key = keyOf(item);
    const first = known.get(key);
    if (first === undefined) known.set(key, item);
    return first === undefined ? [] : [[first, item]];
  });
}
